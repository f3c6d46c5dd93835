"""Folders and files as one compressed archive, and back: what a cache keeps.

In: roots (`work`, `home`) and places below them, a file to write to; or the bytes of an archive and an empty folder.
Out: the archive; or the same tree in that folder. A tar file with gzip around it, members named `work/…` and `home/…`.
What is read is believed in nothing: only files, folders and links that stay inside their root are taken, everything is
written anew and without following a link, and bytes and members are counted.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zlib
from typing import IO, TYPE_CHECKING

from windlass.errors import WindlassError
from windlass.executors.workspace.rooted import opened
from windlass.links import escaping_links
from windlass.plan.step_paths import where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from windlass.plan.step_paths import Where

MOST_MEMBERS = 1_000_000
DEEPEST = 200  # folders in folders
_LEVEL = 1  # of gzip: the disk and the network are what is slow
_PIECE = 1 << 20


class ArchiveError(WindlassError):
    """It cannot be kept, or what was kept cannot be trusted; the text says why."""


def pack(
    roots: Mapping[str, Path], places: Sequence[Where], file: IO[bytes], limit: int, check: Callable[[], None]
) -> int:
    """Write what is at the places; how many there were. `limit` is for the bytes of all files. `check` may raise.

    Raises ArchiveError, OSError. Sockets, pipes and devices are left out; so are owners.
    """
    packer = _Packer(roots, limit, check)
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        found = sum(packer.add(tar, place) for place in places)
    packer.refuse_leaving_links()
    return found


class _Packer:
    def __init__(self, roots: Mapping[str, Path], limit: int, check: Callable[[], None]) -> None:
        self._roots = roots
        self._limit = limit
        self._check = check
        self._left = limit
        self._members = 0
        self._links: dict[str, dict[str, str]] = {name: {} for name in roots}

    def add(self, tar: tarfile.TarFile, place: Where) -> bool:
        """False when there is nothing. Folders above it are no links: whoever made one may have changed it since."""
        *above, name = place.parts
        try:
            folder = _existing(self._roots[place.root], above)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            self._entry(tar, folder, name, status, place.root, "/".join(place.parts))
        except FileNotFoundError:
            return False
        finally:
            os.close(folder)
        return True

    def _entry(
        self, tar: tarfile.TarFile, folder: int, name: str, status: os.stat_result, root: str, path: str
    ) -> None:
        if path.count("/") >= DEEPEST:
            raise ArchiveError(f"it has more than {DEEPEST} folders in folders")
        self._count(status.st_size if stat.S_ISREG(status.st_mode) else 0)
        member = tarfile.TarInfo(f"{root}/{path}")
        member.mtime = status.st_mtime_ns / 1e9
        member.mode = stat.S_IMODE(status.st_mode) & 0o777
        if stat.S_ISLNK(status.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=folder)
            self._links[root][path] = member.linkname
            tar.addfile(member)
        elif stat.S_ISDIR(status.st_mode):
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                with os.scandir(below) as entries:
                    names = sorted(entry.name for entry in entries)
                for one in names:
                    found = os.stat(one, dir_fd=below, follow_symlinks=False)
                    self._entry(tar, below, one, found, root, f"{path}/{one}")
            finally:
                os.close(below)
        elif stat.S_ISREG(status.st_mode):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as content:
                member.size = os.fstat(descriptor).st_size
                tar.addfile(member, content)

    def _count(self, size: int) -> None:
        self._check()
        self._members += 1
        self._left -= size
        if self._left < 0:
            raise ArchiveError(f"it is larger than the limit of {self._limit} bytes")
        if self._members > MOST_MEMBERS:
            raise ArchiveError(f"it has more than {MOST_MEMBERS} files")

    def refuse_leaving_links(self) -> None:
        for links in self._links.values():
            _refuse_leaving(links)


def _existing(root: Path, parts: Sequence[str]) -> int:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _refuse_leaving(links: Mapping[str, str]) -> None:
    leaving = escaping_links(links)
    if leaving:
        raise ArchiveError(f"the symbolic link {leaving[0]} leads out of its folder")


def unpack(chunks: Iterator[bytes], folder: Path, limit: int, check: Callable[[], None]) -> list[Where]:
    """Write the tree into an empty folder, below `work` and `home`; the topmost members, in order.

    Raises ArchiveError for an archive that is broken or has what `pack` would never write; OSError.
    """
    links: dict[str, dict[str, str]] = {"work": {}, "home": {}}
    left, members = limit, 0
    tops: dict[Where, None] = {}
    try:
        with tarfile.open(fileobj=_Reader(chunks), mode="r|gz") as tar:
            for member in tar:
                check()
                members += 1
                left -= member.size
                if left < 0 or members > MOST_MEMBERS:
                    raise ArchiveError("it is larger than the limit")
                place = _place(member)
                _write(tar, member, place, folder, links)
                if not any(top.holds(place) for top in tops):
                    tops[place] = None
    except (tarfile.TarError, EOFError, ValueError, OverflowError, MemoryError, zlib.error) as error:
        raise ArchiveError(f"the archive cannot be read: {error}") from error
    for found in links.values():
        _refuse_leaving(found)
    return list(tops)


def _place(member: tarfile.TarInfo) -> Where:
    """Where a member belongs, by its name. Raises ValueError for a name that `pack` would not give."""
    root, _, path = member.name.partition("/")
    found = where({"work": "./", "home": "~/"}[root] + path) if root in ("work", "home") else None
    if found is None or not 0 < len(found.parts) <= DEEPEST or "/".join(found.parts) != path:
        raise ValueError(f"a member is called {member.name[:100]!r}")
    return found


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo, place: Where, folder: Path, links: dict[str, dict[str, str]]
) -> None:
    *above, name = place.parts
    if member.isdir():
        with opened(folder, (place.root, *place.parts), 0o700) as made:
            os.fchmod(made, (member.mode & 0o777) | 0o700)  # ours to fill and to delete, whatever it was
        return
    with opened(folder, (place.root, *above), 0o700) as parent:
        if member.issym():
            links[place.root]["/".join(place.parts)] = member.linkname
            os.symlink(member.linkname, name, dir_fd=parent)
            return
        content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
        if content is None:
            raise ValueError(f"{member.name[:100]!r} is no file, folder or symbolic link")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=parent)
        with os.fdopen(descriptor, "wb") as file:
            while piece := content.read(_PIECE):
                file.write(piece)
            file.flush()
            os.fchmod(descriptor, member.mode & 0o777)
            when = int(member.mtime * 1e9)
            os.utime(descriptor, ns=(when, when))


class _Reader(io.RawIOBase):
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        pieces, wanted = [], size
        while wanted != 0:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    break
            piece = self._rest if wanted < 0 else self._rest[:wanted]
            self._rest = self._rest[len(piece) :]
            pieces.append(piece)
            wanted -= len(piece) if wanted > 0 else 0
        return b"".join(pieces)


def move_into(staged: Path, roots: Mapping[str, Path], place: Where) -> None:
    """Put one staged tree into its place; folders that are there are filled, files and links of a name replaced.

    Raises OSError, also where a file stands in the place of a folder or the reverse.
    """
    *above, name = place.parts
    with opened(staged / place.root, above) as source, opened(roots[place.root], above) as target:
        _move(source, target, name)


def _move(source: int, target: int, name: str) -> None:
    if not _is_folder(source, name) or not _is_folder(target, name):
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        return
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    below, into = os.open(name, flags, dir_fd=source), -1
    try:
        into = os.open(name, flags, dir_fd=target)
        with os.scandir(below) as entries:
            names = sorted(entry.name for entry in entries)
        for one in names:
            _move(below, into, one)
    finally:
        os.close(below)
        if into >= 0:
            os.close(into)


def _is_folder(folder: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
