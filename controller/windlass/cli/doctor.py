"""`windlass doctor`: does this machine have what Windlass needs, and is the server file right?

In: the environment, optionally a server file. Out: a line for each check with what to do about it; exit 1 when one
fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.client import Client, server_url
from windlass.cli.data_folder import data_folder
from windlass.cli.table import print_table
from windlass.errors import WindlassError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from windlass_schemas.server_file import ServerFile

GIT_SAFE = (2, 50, 1)  # GHSA-vwqx-4fm8-6qc9: older ones may run code while they clone


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    status: str  # ok, warning, failed
    message: str


def command(arguments: argparse.Namespace) -> int:
    findings = list(_findings(arguments))
    if arguments.output == "json":
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print_table([["CHECK", "STATUS", "MESSAGE"], *[[f.check, f.status, f.message] for f in findings]])
    return 1 if any(finding.status == "failed" for finding in findings) else 0


def _findings(arguments: argparse.Namespace) -> Iterator[Finding]:
    yield Finding("python", "ok", sys.version.split()[0])
    yield _git()
    for shell in ("bash", "sh", "python3"):
        found = shutil.which(shell)
        yield Finding(f"shell {shell}", "ok" if found else "warning", found or "not installed: its scripts cannot run")
    yield _docker()
    yield _folder(data_folder(arguments.data))
    if arguments.config:
        yield from _server_file(Path(arguments.config))
    yield _server(arguments)


def _git() -> Finding:
    try:
        text = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return Finding("git", "failed", "not found; install git")
    words = [int(part) for part in text.split()[2].split(".")[:3] if part.isdigit()]
    if tuple(words) < GIT_SAFE:
        wanted = ".".join(map(str, GIT_SAFE))
        return Finding("git", "warning", f"{text.strip()}; {wanted} or a distribution with security fixes is advised")
    return Finding("git", "ok", text.strip())


def _docker() -> Finding:
    """Only a machine that names an engine, or has one where it usually is, is expected to have one."""
    from windlass.executors.containers.engine_socket import DEFAULT
    from windlass.executors.docker.api import Engine

    written = os.environ.get("DOCKER_HOST")
    if written is None and not Path(DEFAULT.removeprefix("unix://")).exists():
        return Finding("docker", "ok", "none: steps with `runner: docker` cannot run here")
    try:
        return Finding("docker", "ok", Engine(os.environ).version())
    except WindlassError as error:
        return Finding("docker", "warning", str(error))


def _folder(folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("data folder", "failed", f"{existing} cannot be written; choose another with --data")
    return Finding("data folder", "ok", str(folder))


def _server_file(path: Path) -> Iterator[Finding]:
    from windlass.loading.server_file import read_server_file, repositories_of, stores_of, webhook_keys_of
    from windlass.secrets.opened import stored_at
    from windlass.secrets.server_keys import read_key
    from windlass.sources.location import parse_location

    try:
        model = read_server_file(path)
    except WindlassError as error:
        yield Finding("server file", "failed", str(error))
        return
    yield Finding("server file", "ok", str(path))
    yield from _runners(model)
    for name, source in webhook_keys_of(model).items():
        yield _check(f"secret {name}", lambda s=source, n=name: read_key(s, n) and "is set")
    for store in stores_of(model):
        yield _check(f"secret store {store.name}", lambda s=store: stored_at(s))
    if model.objects is not None:
        yield _check("object store", lambda: _writable(model.objects))
    for repository in repositories_of(model):
        name = f"repository {repository.name}"
        yield _check(name, lambda r=repository: parse_location(r.git, allow_local=False).url)


def _runners(model: ServerFile) -> Iterator[Finding]:
    from windlass.executors.looking import look_at_runner
    from windlass.loading.server_file import runners_of

    for name, runner in runners_of(model).items():
        yield _check(f"runner {name}", lambda r=runner: look_at_runner(r))


def _writable(url: str) -> str:
    """An object can be written, read and deleted there. Raises ObjectStoreError."""
    from windlass.artifacts.objects import Objects

    objects = Objects(url)
    name = f"doctor/{os.getpid()}"
    objects.put(name, [b"windlass doctor"])
    objects.read(name)
    objects.delete([name])
    return url


def _check(name: str, look: object) -> Finding:
    try:
        return Finding(name, "ok", str(look()))  # type: ignore[operator]
    except WindlassError as error:
        return Finding(name, "failed", str(error))


def _server(arguments: argparse.Namespace) -> Finding:
    url = server_url(arguments)
    if url is None:
        return Finding("server", "ok", "none runs on this data folder")
    try:
        repositories = list(Client(url).items("/repositories"))
    except WindlassError as error:
        return Finding("server", "failed", str(error))
    bad = [
        r["name"] for r in repositories if any(c["type"] == "Ready" and c["status"] != "True" for c in r["conditions"])
    ]
    if bad:
        return Finding("server", "warning", f"{url}: not ready: {', '.join(bad)}")
    return Finding("server", "ok", f"{url}: {len(repositories)} repositories, all ready")
