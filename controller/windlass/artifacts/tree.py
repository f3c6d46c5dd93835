"""Files of a working directory, reached without ever leaving it: neither by `..` nor by a link, nor by a race for one.

In: a folder that a program wrote, or that artifacts are loaded into, and paths below it. Out: names, and descriptors of
regular files. Every part of a path is opened below the one before, never through a link; a link is read, and followed
only as far as its target lies inside. What a path means is decided by descriptors, so a program that is still at work
can change which file is read, but not to one outside (catalogue X01).
"""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from windlass.errors import WindlassError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_LINKS = 40  # as Linux does
DEEPEST = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class RefusedError(WindlassError):
    """A path that is not read or written, for the author of the step."""


class Tree:
    """The folder `root`, held open. `check` is called between files and may raise. Errors: RefusedError, OSError."""

    def __init__(self, root: Path, check: Callable[[], None] = lambda: None) -> None:
        self._name = os.path.join(os.path.realpath(root.parent), root.name)  # noqa: PTH118 - the last part is no link
        self._check = check
        self._root = os.open(self._name, _FOLDER)

    def close(self) -> None:
        os.close(self._root)

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Reading

    def kind(self, path: str) -> str | None:
        """`file`, `folder`, or None when there is nothing. Raises RefusedError for whatever cannot be saved."""
        try:
            fd = self.open(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return "folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"
        finally:
            os.close(fd)

    def open(self, path: str) -> int:
        """A descriptor of the file or folder at `path`; the caller closes it."""
        todo = deque(path.split("/"))
        folders = [os.dup(self._root)]
        links = 0
        try:
            while todo:
                name = todo.popleft()
                if name in ("", "."):
                    continue
                if name == "..":
                    if len(folders) == 1:
                        raise RefusedError(f"{shown(path)} leaves the working directory")
                    os.close(folders.pop())
                    continue
                mode = os.stat(name, dir_fd=folders[-1], follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    links += 1
                    target = self._inside(os.readlink(name, dir_fd=folders[-1]), folders, path)
                    if links > MOST_LINKS:
                        raise RefusedError(f"{shown(path)} is a symbolic link in a circle")
                    todo.extendleft(reversed(target.split("/")))
                elif stat.S_ISDIR(mode):
                    folders.append(os.open(name, _FOLDER, dir_fd=folders[-1]))
                elif any(part not in ("", ".") for part in todo):
                    raise NotADirectoryError(f"{shown(path)}: {shown(name)} is no folder")
                else:
                    return _regular(name, mode, folders[-1], path)
            return folders.pop()
        finally:
            for fd in folders:
                os.close(fd)

    def _inside(self, target: str, folders: list[int], path: str) -> str:
        """What is left to go of a link's target; an absolute one begins at the root again."""
        if not target.startswith("/"):
            return target
        if target != self._name and not target.startswith(f"{self._name}/"):
            raise RefusedError(f"{shown(path)} is a symbolic link that leaves the working directory")
        while len(folders) > 1:
            os.close(folders.pop())
        return target[len(self._name) :]

    def files(self, folder: str) -> Iterator[str]:
        """Paths below a folder, sorted, of all that are no folders; links to folders inside are followed once."""
        fd = self.open(folder)
        yield from self._walk(fd, folder.strip("/"), ())

    def _walk(self, fd: int, above: str, ancestors: tuple[tuple[int, int], ...]) -> Iterator[str]:
        """Closes `fd`."""
        try:
            self._check()
            here = os.fstat(fd)
            if not stat.S_ISDIR(here.st_mode) or (here.st_dev, here.st_ino) in ancestors:
                return
            ancestors = (*ancestors, (here.st_dev, here.st_ino))
            if len(ancestors) > DEEPEST:
                raise RefusedError(f"{shown(above)}: folders in folders, more than {DEEPEST} deep")
            with os.scandir(fd) as found:
                entries = sorted((e.name, e.is_symlink(), e.is_dir(follow_symlinks=False)) for e in found)
            for name, is_link, is_folder in entries:
                path = f"{above}/{name}" if above else name
                below = self._folder_at(path, name, fd, is_link=is_link) if is_link or is_folder else None
                if below is not None:
                    yield from self._walk(below, path, ancestors)
                elif not is_folder:
                    yield path
        finally:
            os.close(fd)

    def _folder_at(self, path: str, name: str, fd: int, *, is_link: bool) -> int | None:
        """None: no folder, or none that may be looked into: such a link stands for itself."""
        try:
            found = self.open(path) if is_link else os.open(name, _FOLDER, dir_fd=fd)
        except FileNotFoundError:
            return None
        except (RefusedError, OSError):
            if is_link:
                return None
            raise
        if stat.S_ISDIR(os.fstat(found).st_mode):
            return found
        os.close(found)
        return None

    # Writing

    def make_folder(self, path: str) -> None:
        with self._folder(path.split("/"), path):
            return

    @contextmanager
    def new_file(self, path: str, *, executable: bool = False) -> Iterator[int]:
        """A descriptor to write the file; one that is there is replaced, a link is not followed."""
        *above, name = path.split("/")
        with self._folder(above, path) as folder:
            try:
                os.unlink(name, dir_fd=folder)
            except FileNotFoundError:
                pass
            except (IsADirectoryError, PermissionError) as error:
                raise RefusedError(f"{shown(path)} is a folder already") from error
            fd = os.open(name, _NEW, 0o755 if executable else 0o644, dir_fd=folder)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def _folder(self, parts: list[str], path: str) -> Iterator[int]:
        fd = os.dup(self._root)
        try:
            for name in parts:
                if name in ("", "."):
                    continue
                if name == "..":
                    raise RefusedError(f"{shown(path)} leaves the working directory")
                below = _made(name, fd, path)
                os.close(fd)
                fd = below
            yield fd
        finally:
            os.close(fd)


def _made(name: str, above: int, path: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=above)
    try:
        return os.open(name, _FOLDER, dir_fd=above)
    except OSError as error:  # a link or a file: ELOOP, ENOTDIR
        raise RefusedError(f"{shown(path)}: {shown(name)} is there already and is no folder") from error


def _regular(name: str, mode: int, folder: int, path: str) -> int:
    """Opened only when it is a file, and looked at again: opening a device or a pipe may do something."""
    if stat.S_ISREG(mode):
        fd = os.open(name, _FILE, dir_fd=folder)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
    raise RefusedError(f"{shown(path)} is no file but a device, pipe or socket")


def shown(path: str) -> str:
    """A path in a message: one line, whatever it holds."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)[:200]
