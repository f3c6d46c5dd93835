"""What an attempt left in its Pod: onto the controller's disk, after its program has ended.

In: a Pod whose program has ended and whose other container waits (`workspace.py`). Out: the working directory below the
attempt's folder, as far as somebody collects from it (`executors/workspace/`), and its outputs. Nothing is taken away
there: a controller that was killed in between fetches it again. Only when the end is told is the container let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tarfile
import time
from typing import TYPE_CHECKING, Any

from windlass.executors.attempt_folder.folders import HOME, OWED
from windlass.executors.containers.folder import ROOT
from windlass.executors.containers.packing import unpack
from windlass.executors.kubernetes.pods import KEEP
from windlass.executors.kubernetes.spec import OUTPUTS_IN
from windlass.executors.kubernetes.workspace import AT, PROGRAM
from windlass.kube.errors import ApiError, KubeError, Throttled, Unavailable
from windlass.kube.exec import run_in
from windlass.plan.step_paths import where
from windlass.runs.outputs import written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from windlass.kube.client import Client

    T = TypeVar("T")

PATIENCE = 120.0  # seconds that it is tried again
FETCHED = "fetched.tar"
_WILD = frozenset("*?[")
# Of each path what exists; of one that goes through a link, the link.
_PACK = f"""\
cd {ROOT} || exit 1
while IFS= read -r path; do
    rest=$path at=
    while [ -n "$rest" ]; do
        at=$at${{at:+/}}${{rest%%/*}}
        case $rest in */*) rest=${{rest#*/}} ;; *) rest= ;; esac
        [ ! -L "$at" ] || break
    done
    if [ -e "$at" ] || [ -L "$at" ]; then set -- "$@" "$at"; fi
done
[ $# = 0 ] || exec {PROGRAM} tar -c -f - "$@"
"""
_READ = f"[ ! -f {OUTPUTS_IN} ] || exec {PROGRAM} head -c $1 {OUTPUTS_IN}"
_LET_GO = f": > {AT}/fetched; [ -p {AT}/end ] && echo end > {AT}/end"


class LostError(Exception):
    """It cannot be fetched any more; the text says why."""


class Remains:
    """Of one Pod. Everything raises LostError."""

    def __init__(self, client: Client, namespace: str, pod: str) -> None:
        self._client = client
        self._namespace = namespace
        self._pod = pod

    async def outputs(self, limit: int) -> bytes:
        """At most one byte more than the limit; nothing when there is no file."""

        async def read() -> bytes:
            words = [PROGRAM, "sh", "-c", _READ, "sh", str(limit + 1)]
            done = await run_in(self._client, self._namespace, self._pod, KEEP, words, most=limit + 4096)
            if done.exit_code != 0:
                raise LostError(_said(done.stderr) or f"reading its outputs ended with exit code {done.exit_code}")
            return done.stdout

        return await self._patiently(read)

    async def fetch(self, folder: Path, noted: str | None, outputs: bytes, *, good: bool) -> None:
        """Into `work` and `home` of the folder, in place of what is there. `noted`: what is owed, as far as the Pod
        remembers it, for a controller that knows nothing of it; `good`: the program succeeded. Raises OSError."""
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        owed = _owed(folder, noted)
        if owed is None:
            return
        wanted = sorted(wanted_paths(owed, outputs, good=good))
        file = folder / FETCHED
        await asyncio.to_thread(_emptied, folder)

        async def read() -> None:
            with file.open("wb") as target:
                words = [PROGRAM, "sh", "-c", _PACK]
                lines = "".join(f"{path}\n" for path in wanted).encode("utf-8", "surrogateescape")
                done = await run_in(self._client, self._namespace, self._pod, KEEP, words, lines, sink=target.write)
            if done.exit_code != 0:
                raise LostError(_said(done.stderr) or f"packing it ended with exit code {done.exit_code}")

        await self._patiently(read)
        await asyncio.to_thread(_unpacked, file, folder)

    async def let_go(self) -> None:
        """Once; a container that nobody lets go ends by itself."""
        with contextlib.suppress(KubeError):
            await run_in(self._client, self._namespace, self._pod, KEEP, [PROGRAM, "sh", "-c", _LET_GO])

    async def _patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await read()
            except KubeError as error:
                hopeless = isinstance(error, ApiError) and not isinstance(error, Unavailable | Throttled)
                if hopeless or time.monotonic() > deadline:
                    raise LostError(str(error)) from error
                await asyncio.sleep(1.0)


def _owed(folder: Path, noted: str | None) -> dict[str, Any] | None:
    """Raises OSError."""
    file = folder / OWED
    if not file.exists() and noted is not None:
        file.write_text(noted, encoding="utf-8")
    if not file.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except ValueError as error:
        raise LostError("what is to be collected is not known any more") from error
    return found


def _emptied(folder: Path) -> None:
    for name in ("work", HOME):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "work").mkdir(mode=0o700)


def _unpacked(file: Path, folder: Path) -> None:
    try:
        if file.stat().st_size:
            with file.open("rb") as source:
                unpack(source, folder)
    except tarfile.TarError as error:
        raise LostError(f"what came from its Pod is no archive: {error}") from error
    finally:
        file.unlink(missing_ok=True)


def wanted_paths(owed: Mapping[str, Any], outputs: bytes, *, good: bool) -> set[str]:
    """Below the workspace, as far as is known before it is looked at: the folder in which a glob begins."""
    found: set[str] = set()
    artifacts = owed.get("artifacts") or {}
    for patterns in (artifacts.get("saves") or {}).values():
        found.update(_beginning(pattern) for pattern in patterns if not pattern.startswith("!"))
    values = written(outputs) if artifacts.get("files") else {}
    for name in artifacts.get("files") or ():
        if isinstance(path := values.get(name), str):
            found.add(_place(path.removeprefix(f"{ROOT}/work/").split("/")))
    if good:
        for path in (owed.get("cache") or {}).get("paths") or ():
            one = where(path)
            found.add("/".join(({"work": "work", "home": HOME}[one.root], *one.parts)))
    known = {"artifacts", "cache"}
    return {"work", HOME} if owed.keys() - known else _outermost(found)


def _beginning(pattern: str) -> str:
    """A file may be called `a[1].txt`: the folder that holds it holds what the glob means, too."""
    parts = pattern.split("/")
    plain = next((at for at, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return _place(parts[:plain])


def _place(parts: Iterable[str]) -> str:
    """What leads elsewhere is refused by whoever collects it: nothing is fetched for it."""
    kept = [part for part in parts if part not in ("", ".")]
    if ".." in kept or any("\n" in part or "\0" in part for part in kept):
        return ""
    return "/".join(("work", *kept))


def _outermost(paths: set[str]) -> set[str]:
    return {path for path in paths if path and not any(path.startswith(f"{other}/") for other in paths)}


def _said(stderr: bytes) -> str:
    return " ".join(stderr.decode("utf-8", "replace").split())[-500:]
