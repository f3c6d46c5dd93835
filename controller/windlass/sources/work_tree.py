"""The user's own checkout, as it is: for `windlass run`, `check` and their like.

In: a folder. Out: the repository's root, its files (uncommitted changes included), its commit, a copy for a step. git
is not asked, so nothing a repository configures takes effect; symbolic links are seen, never followed.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.errors import SourceError, UsageError
from windlass.sources.local_refs import find_git_folder
from windlass.sources.tree import Entry, Tree, build_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.sources.branch import Head

_ROOT_FILE = "windlass.yaml"

MAX_FILES = 1_000_000  # a work tree holds what git ignores too: dependencies, build output


def find_root(start: Path) -> Path:
    """The nearest folder at or above with `windlass.yaml`, else with `.git` (fine print, "Repository root").

    Raises UsageError when there is neither.
    """
    here = start.resolve()
    folders = [folder for folder in (here, *here.parents) if folder.is_dir()]
    for name in (_ROOT_FILE, ".git"):
        for folder in folders:
            if os.path.lexists(folder / name):
                return folder
    raise UsageError(
        f"{start} is in no repository: no windlass.yaml and no .git at or above it",
        "make one with `git init`, or add a windlass.yaml",
    )


def scan(root: Path, under: Sequence[str] = ()) -> Tree:
    """The files at or below each of `under` (relative to the root; none: all), with the problems of their names.

    What is not there is left out. Entries are sorted by path and have no blob id. Raises UsageError for a path
    outside the root, SourceError "TooLarge" over 1,000,000 files.
    """
    found: dict[str, Entry] = {}
    for name in under or (".",):
        for entry in _below(root, _inside(name)):
            found[entry.path] = entry
            if len(found) > MAX_FILES:
                raise SourceError(f"more than {MAX_FILES} files below {root}", "TooLarge")
    return build_tree((os.fsencode(path), found[path]) for path in sorted(found))


def list_files(root: Path, under: Sequence[str] = ()) -> tuple[Entry, ...]:
    """The entries of `scan`: what can be read under a good name."""
    return scan(root, under).entries


def head_commit(root: Path) -> str | None:
    """The commit that is checked out; None outside git and before the first commit."""
    head = _head(root)
    return head.commit if head is not None else None


def head_branch(root: Path) -> str | None:
    """The branch that is checked out; None outside git, before the first commit and when HEAD is detached."""
    head = _head(root)
    return head.branch if head is not None and head.branch != "HEAD" else None


def _head(root: Path) -> Head | None:
    for folder in (root.resolve(), *root.resolve().parents):
        where = find_git_folder(folder)
        if where is not None:
            return _head_in(folder, where.git)
    return None


def _head_in(folder: Path, git_dir: Path) -> Head | None:
    from windlass.sources.branch import local_head  # here, since `check` does not ask
    from windlass.sources.command import run_git

    try:
        return local_head(folder, None, lambda args: run_git(args, git_dir=git_dir, doing="read HEAD"))
    except SourceError:
        return None


def copy_to(root: Path, folder: Path, skip: Sequence[Path] = ()) -> None:
    """Copies the work tree as it is, without `.git`, `skip` and `folder` itself; links stay links.

    Sockets, pipes and devices are left out. Raises SourceError when a file cannot be read or written.
    """
    left_out = {os.path.realpath(path) for path in (folder, *skip)}
    try:
        _copy(root.resolve(), folder.resolve(), left_out)
    except OSError as error:
        raise SourceError(f"cannot copy the work tree: {error.filename}: {error.strerror}", "CheckoutFailed") from error


def _copy(source: Path, target: Path, left_out: set[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as items:
        for item in items:
            if item.name == ".git" or item.path in left_out:
                continue
            place = target / item.name
            if item.is_symlink():
                place.symlink_to(Path(item.path).readlink())
            elif item.is_dir():
                _copy(Path(item.path), place, left_out)
            elif item.is_file():
                shutil.copy2(item.path, place)


def _inside(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise UsageError(f"{name} is not below the repository root")
    return "/".join(parts)


def _below(root: Path, name: str) -> Iterator[Entry]:
    """The entries at or below one path; a link on the way there is the only entry."""
    parts = name.split("/") if name else []
    for count in range(1, len(parts) + 1):
        prefix = "/".join(parts[:count])
        try:
            status = os.lstat(root / prefix)
        except (FileNotFoundError, NotADirectoryError):
            return
        if not stat.S_ISDIR(status.st_mode):
            if count == len(parts) or stat.S_ISLNK(status.st_mode):
                yield from _entry(prefix, status)
            return
    yield from _walk(str(root), name)


def _walk(root: str, name: str) -> Iterator[Entry]:
    todo = [name]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(f"{root}/{folder}") as items:
                for item in items:
                    if item.name == ".git":
                        continue
                    path = f"{folder}/{item.name}" if folder else item.name
                    if item.is_dir(follow_symlinks=False):
                        todo.append(path)
                    else:
                        yield from _entry(path, item.stat(follow_symlinks=False))
        except FileNotFoundError:
            continue  # removed while we looked: as if it had never been there
        except OSError as error:
            raise SourceError(f"cannot read {error.filename}: {error.strerror}", "NotReadable") from error


def _entry(path: str, status: os.stat_result) -> Iterator[Entry]:
    if stat.S_ISLNK(status.st_mode):
        yield Entry(path, "120000", "symlink", "", status.st_size, status.st_mtime_ns)
    elif stat.S_ISREG(status.st_mode):
        mode = "100755" if status.st_mode & stat.S_IXUSR else "100644"
        yield Entry(path, mode, "file", "", status.st_size, status.st_mtime_ns)
