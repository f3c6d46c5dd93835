"""The files of an attempt: from the controller's disk into its Pod, before the program starts.

In: an attempt's folder, which the pieces of the workspace have filled, and a container that waits (`workspace.py`).
Out: the same files in the Pod, and the container told to end. What is to be brought stands in the folder before the Job
exists, so a controller that was killed in between brings it again: unpacked beside its place, then moved, then marked.
A stream that broke is not taken for a whole one: the last file of it says that it was the last.
"""

from __future__ import annotations

import asyncio
import json
import tarfile
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any

from windlass.executors.attempt_folder.folders import HOME, OWED
from windlass.executors.containers.folder import ROOT, work_directory
from windlass.executors.containers.packing import IN_MEMORY, add_folder, add_prepared, add_text, prepared_in
from windlass.executors.kubernetes.errors import UnfitError
from windlass.executors.kubernetes.pods import FILL
from windlass.executors.kubernetes.spec import INPUTS, OUTPUTS
from windlass.executors.kubernetes.workspace import AT, PRIVATE, PROGRAM, Workspace
from windlass.kube.errors import ApiError, KubeError, Throttled, Unavailable
from windlass.kube.exec import run_in
from windlass.plan.step_paths import where

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from windlass.executors.kubernetes.attempt import Attempt
    from windlass.kube.client import Client
    from windlass.runs.model import Launch

RECIPE = "fill.json"
PATIENCE = 120.0  # seconds that it is tried again, after the first failure
_LAST = ".complete"
_CHUNK = 256 * 1024
_NOBODY = (0, 0)  # whoever unpacks it, owns it
# $1: where to; $2: the working directory, empty: there is more to come.
_UNPACK = f"""\
set -e
if [ ! -e {AT}/filled ]; then
    new=$1/.filling-$$
    {PROGRAM} mkdir "$new"
    cd "$new"
    {PROGRAM} tar -x -o -p -f -
    [ -e {_LAST} ] || {{ echo 'it did not arrive whole' >&2; exit 1; }}
    {PROGRAM} rm {_LAST}
    for one in *; do
        [ -e "$one" ] || continue
        {PROGRAM} rm -rf "$1/$one"
        {PROGRAM} mv "$one" "$1/$one"
    done
    cd "$1"
    {PROGRAM} rm -rf .filling-*
    [ -n "$2" ] || exit 0
    {PROGRAM} mkdir -p "$2"
    : > {AT}/filled
fi
[ -n "$2" ] || exit 0
[ -p {AT}/go ] || {PROGRAM} mkfifo {AT}/go || true
echo go > {AT}/go
"""


class FillError(Exception):
    """The files could not be brought; the text says why."""


def workspace_of(launch: Launch, folder: Path) -> Workspace | None:
    """What it needs of one; None: its program is all there is. Raises UnfitError and OSError."""
    owed = folder / OWED
    text = noted(owed.read_bytes()) if owed.exists() else None
    outputs = launch.output_limit > OUTPUTS
    if text is None and not outputs and launch.working_directory is None and not prepared_in(folder):
        return None
    try:
        return Workspace(work_directory(launch.working_directory), text, outputs, launch.private)
    except ValueError as error:
        raise UnfitError(str(error)) from error


def noted(owed: bytes) -> str:
    """What of it may stand on the Pod, where those who may edit Pods can change it: not whose cache it is."""
    found: dict[str, Any] = json.loads(owed)
    return json.dumps({name: what for name, what in found.items() if name != "cache"}, separators=(",", ":"))


def remember(folder: Path, workspace: Workspace, files: dict[str, str]) -> None:
    """What is to be brought beside what is in the folder. Raises OSError."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    half = folder / f"{RECIPE}.half"
    half.touch(mode=0o600)
    recipe = {"directory": workspace.directory, "private": list(workspace.private), "files": files}
    half.write_text(json.dumps(recipe), encoding="utf-8")
    half.replace(folder / RECIPE)


async def fill(attempt: Attempt, client: Client, namespace: str, pod: str) -> None:
    """Until the container has been told to end. Raises FillError."""
    folder, since = attempt.folder, None
    try:
        recipe: dict[str, Any] = json.loads((folder / RECIPE).read_bytes())
    except (OSError, ValueError) as error:
        raise FillError("the controller that prepared its files is gone, and they with it") from error
    while True:
        try:
            await _bring(client, namespace, pod, folder, recipe)
            return
        except (OSError, tarfile.TarError) as error:
            raise FillError(f"its files cannot be read any more: {error}") from error
        except (KubeError, FillError) as error:
            since = since or time.monotonic()
            hopeless = isinstance(error, ApiError) and not isinstance(error, Unavailable | Throttled)
            if hopeless or time.monotonic() - since > PATIENCE:
                raise FillError(str(error)) from error
            await asyncio.sleep(1.0)


async def _bring(client: Client, namespace: str, pod: str, folder: Path, recipe: dict[str, Any]) -> None:
    if recipe["private"]:
        with await asyncio.to_thread(_packed_private, folder, recipe) as tar:
            await _unpack(client, namespace, pod, tar, PRIVATE, "")
    with await asyncio.to_thread(_packed, folder, recipe) as tar:
        await _unpack(client, namespace, pod, tar, ROOT, recipe["directory"])


async def _unpack(client: Client, namespace: str, pod: str, tar: IO[bytes], root: str, directory: str) -> None:
    words = [PROGRAM, "sh", "-c", _UNPACK, "sh", root, directory]
    done = await run_in(client, namespace, pod, FILL, words, _chunks(tar))
    if done.exit_code != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-500:]
        raise FillError(said or f"unpacking them ended with exit code {done.exit_code}")


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk


# ---- the archives; busybox knows no PAX


def _packed(folder: Path, recipe: dict[str, Any]) -> IO[bytes]:
    """What secrets are in stays away: links lead to where they are."""
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    private = _private(folder, recipe)
    there = prepared_in(folder)
    with tarfile.open(fileobj=spool, mode="w", format=tarfile.GNU_FORMAT) as tar:
        if "work" not in there:
            add_folder(tar, "work", _NOBODY, 0o755)
        add_prepared(tar, folder, _NOBODY, "", frozenset(private))
        for number, path in enumerate(private):
            link = tarfile.TarInfo(str(path.relative_to(folder)))
            link.type, link.linkname = tarfile.SYMTYPE, f"{PRIVATE}/{number}"
            tar.addfile(link)
        for name in sorted({name.rpartition("/")[0] for name in recipe["files"]} - {"", *there}):
            add_folder(tar, name, _NOBODY, 0o755)
        for name, text in recipe["files"].items():
            add_text(tar, name, text, _NOBODY, 0o600 if name == INPUTS else 0o700)
        for name in ("output", _LAST):
            add_text(tar, name, "", _NOBODY, 0o600)
    spool.seek(0)
    return spool


def _packed_private(folder: Path, recipe: dict[str, Any]) -> IO[bytes]:
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=spool, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for number, path in enumerate(_private(folder, recipe)):
            content = path.read_bytes().decode("utf-8", "surrogateescape")
            add_text(tar, str(number), content, _NOBODY, path.stat().st_mode & 0o777)
        add_text(tar, _LAST, "", _NOBODY, 0o600)
    spool.seek(0)
    return spool


def _private(folder: Path, recipe: dict[str, Any]) -> list[Path]:
    """The files themselves; each once."""
    found = [where(path) for path in recipe["private"]]
    roots = {"work": folder / "work", "home": folder / HOME}
    return list(dict.fromkeys(roots[one.root].joinpath(*one.parts) for one in found))
