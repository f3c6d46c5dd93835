"""Files into a container and out of it, as tar archives: nothing of this machine is mounted there.

In: a launch and the attempt's folder, which others have filled. Out: a tar for the container's root; and the other way
round, the working directory as the program left it. An archive from a container is not trusted: nothing in it leads
out of the folder it is unpacked in.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from typing import IO, TYPE_CHECKING

from windlass.executors.attempt_folder.folders import HOME
from windlass.executors.containers.folder import ROOT
from windlass.plan.actions import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from pathlib import Path

    from windlass.runs.model import Launch

MASKS = "masks.json"
IN_MEMORY = 8 * 1024 * 1024
PREPARED = ("work", HOME, FOLDER)
_OWN = ROOT.lstrip("/")
NONE: frozenset[Path] = frozenset()


def packed(launch: Launch, folder: Path, owner: tuple[int, int], extra: Mapping[str, str]) -> tuple[IO[bytes], int]:
    """A tar and its size; the caller closes it. `extra`: more programs by name. Raises OSError."""
    spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=spool, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("", "/work"):
            add_folder(tar, f"{_OWN}{name}", owner, 0o755)
        add_prepared(tar, folder, owner, f"{_OWN}/")
        scripts = {launch.script_name: launch.script} if launch.script is not None else {}
        for part in launch.parts:
            if part.script is not None:
                scripts[part.script_name] = part.script
        folders = {name.rpartition("/")[0] for name in scripts} - {"", *prepared_in(folder)}
        for name in sorted(folders):  # an engine makes missing ones as it likes
            add_folder(tar, f"{_OWN}/{name}", owner, 0o755)
        for name, text in {**scripts, **extra}.items():
            add_text(tar, f"{_OWN}/{name}", text, owner, 0o700)
        for name, text in (("inputs.json", launch.inputs), ("output", ""), ("env", "")):
            add_text(tar, f"{_OWN}/{name}", text, owner, 0o600)
        if launch.masks:
            add_text(tar, f"{_OWN}/{MASKS}", json.dumps(launch.masks), (0, 0), 0o600)
    size = spool.tell()
    spool.seek(0)
    return spool, size


def prepared_in(folder: Path) -> list[str]:
    return [name for name in PREPARED if (folder / name).exists()]


def add_prepared(
    tar: tarfile.TarFile, folder: Path, owner: tuple[int, int], root: str, without: Set[Path] = NONE
) -> None:
    """What pieces of the workspace put into the attempt's folder: work, home, the files of an action. `root`: what
    stands before their names; `without`: files that are left out."""

    def owned(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if without and folder / info.name[len(root) :] in without:
            return None
        info.uid, info.gid = owner
        info.uname = info.gname = ""
        return info

    for name in prepared_in(folder):
        tar.add(folder / name, f"{root}{name}", filter=owned)


def add_text(tar: tarfile.TarFile, name: str, text: str, owner: tuple[int, int], mode: int) -> None:
    data = text.encode("utf-8", "surrogateescape")
    info = _info(name, owner, mode)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def add_folder(tar: tarfile.TarFile, name: str, owner: tuple[int, int], mode: int) -> None:
    tar.addfile(_info(name, owner, mode, folder=True))


def _info(name: str, owner: tuple[int, int], mode: int, *, folder: bool = False) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, (info.uid, info.gid) = mode, owner
    if folder:
        info.type = tarfile.DIRTYPE
    return info


def unpack(stream: IO[bytes], folder: Path) -> None:
    """What leads out of `folder` is left out. Raises OSError and tarfile.TarError."""

    def harmless(info: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
        try:
            return tarfile.data_filter(info, path)
        except tarfile.FilterError:
            return None

    with tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extractall(folder, filter=harmless)  # noqa: S202 - the filter is stricter than the one that is advised


def one_file(stream: IO[bytes], limit: int) -> bytes:
    """The beginning of the only file in a tar; what is no file is empty. Raises tarfile.TarError."""
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for info in tar:
            found = tar.extractfile(info) if info.isreg() else None
            return found.read(limit) if found is not None else b""
    return b""


def owner_in(user: str, accounts: str) -> tuple[int, int]:
    """User and group of a container by its image's `User` and its /etc/passwd; root when they do not tell."""
    name, _, group = user.partition(":")
    for line in accounts.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and name in (fields[0], fields[2]) and fields[2].isdigit() and fields[3].isdigit():
            return int(fields[2]), int(group) if group.isdigit() else int(fields[3])
    return (int(name), int(group) if group.isdigit() else 0) if name.isdigit() else (0, 0)
