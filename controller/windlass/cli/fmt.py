"""`windlass fmt [PATH…] [--check|--diff]`: definitions in one layout, their comments and their meaning kept.

In: files or folders of one repository. Out: the files that changed (with `--check`: would change; with `--diff`: how)
on stdout, what is wrong on stderr. Exit 0; 1 when a file had to be left alone, with `--check` or `--diff` also when one
would change; 2 wrong use.
Links are never followed; a file is replaced in one go and keeps its mode.
"""

from __future__ import annotations

import os
import stat
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from windlass.cli.lines import wants_colour
from windlass.errors import UsageError
from windlass.problems import START, Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from windlass.loading.definition_files import Folders

MANY = 40  # files; below, starting processes costs more than it saves


class Outcome(NamedTuple):
    """What became of one file: changed or not, or why it was left alone."""

    file: str
    changed: bool
    problems: tuple[Problem, ...] = ()
    diff: str = ""


def command(arguments: argparse.Namespace) -> int:
    root, files = _files([Path(text) for text in arguments.paths or ["."]])
    changed = left = 0
    write = not (arguments.check or arguments.diff)
    for outcome in _all(partial(_one, str(root), write=write, diff=arguments.diff), files):
        if outcome.changed:
            changed += 1
            print(outcome.diff or f"{outcome.file}\n", end="", flush=True)
        if outcome.problems:
            left += 1
            _report(root, outcome.problems)
    done = "changed" if write else "would change"
    alone = f", {left} left alone" if left else ""
    print(f"{len(files)} file{'s' if len(files) != 1 else ''}: {changed} {done}{alone}", file=sys.stderr)
    return 1 if left or (changed and not write) else 0


def _files(paths: list[Path]) -> tuple[Path, list[str]]:
    """The root, and the definitions at or below the paths, relative to it; a file that is named need be none."""
    from windlass.cli.work_tree import find_root, list_definitions
    from windlass.loading.definition_files import ENDINGS, kind_of

    for path in paths:
        if path.is_symlink():
            raise UsageError(f"{path} is a symbolic link, and links are not followed", "name the file itself")
        if not path.exists():
            raise UsageError(f"{path} does not exist")
    roots = list(dict.fromkeys(find_root(path) for path in paths))
    if len(roots) > 1:
        raise UsageError("the paths belong to different repositories", f"one by one: {roots[0]}, {roots[1]}")
    root = roots[0]
    named = {path.resolve().relative_to(root).as_posix(): path.is_file() for path in paths}
    for name, is_file in named.items():
        if is_file and not name.endswith(ENDINGS):
            raise UsageError(f"{name} is no YAML file", "fmt lays out .yaml and .yml files")
    places = _places(root)
    found = {
        entry.path
        for entry in list_definitions(root).entries
        if kind_of(entry.path, places) is not None and any(_is_below(entry.path, name) for name in named)
    }
    return root, sorted(found | {name for name, is_file in named.items() if is_file})


def _is_below(file: str, folder: str) -> bool:
    return folder in (".", file) or file.startswith(folder + "/")


def _places(root: Path) -> Folders:
    """Where windlass.yaml says that definitions are; the usual folders when it cannot be read, or does not say."""
    from windlass.loading.definition_files import SETTINGS, Usual
    from windlass.loading.document import read_document
    from windlass.loading.faults import Faults

    try:
        text = (root / SETTINGS).read_bytes()
        if b"paths" not in text:
            return Usual()
        from windlass_schemas.paths import Paths

        document, _ = read_document(text)
        return Paths.model_validate(document.value.get("paths") or {})
    except (OSError, Faults, ValueError):
        return Usual()


def _all(one: partial[Outcome], files: Sequence[str]) -> Iterator[Outcome]:
    """In the order of the files, by all processors when there are many."""
    processes = len(os.sched_getaffinity(0))
    if len(files) < MANY or processes < 2:
        yield from map(one, files)
        return
    from multiprocessing import get_context

    from windlass.loading.layout import laid_out

    laid_out(b"a: b\n")  # what is imported and made on first use, once for all before the fork
    with get_context("fork").Pool(processes) as pool:
        yield from pool.imap(one, files, chunksize=8)


def _one(root: str, file: str, *, write: bool, diff: bool) -> Outcome:
    from windlass.loading.faults import Fault, Faults
    from windlass.loading.layout import laid_out

    path = f"{root}/{file}"
    try:
        data, status = _read(path)
        after = laid_out(data).encode()
        if after == data:
            return Outcome(file, changed=False)
        if write:
            _replace(path, after, status)
        return Outcome(file, changed=True, diff=_diff(file, data, after) if diff else "")
    except Faults as faults:
        return Outcome(file, False, tuple(fault.problem(file) for fault in faults.faults))
    except Fault as fault:
        return Outcome(file, False, (fault.problem(file),))
    except OSError as error:
        message = f"left as it is: {error.strerror}"
        return Outcome(file, False, (Problem(file, START, "", "unreadable-file", message),))


def _diff(file: str, before: bytes, after: bytes) -> str:
    """Unified; line ends apart, and nothing of a file may steer a terminal."""
    from difflib import unified_diff

    from windlass.loading.report import printable

    old, new = (
        data.decode("utf-8-sig").replace("\r\n", "\n").removesuffix("\n").split("\n") for data in (before, after)
    )
    lines = unified_diff(old, new, f"a/{file}", f"b/{file}", lineterm="")
    shown = ("\t".join(map(printable, line.split("\t"))) for line in lines)
    return "".join(f"{line}\n" for line in shown) or f"{file}: line ends only\n"


def _read(path: str) -> tuple[bytes, os.stat_result]:
    from windlass.loading.faults import Fault
    from windlass.loading.text import MAX_BYTES, too_large

    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise Fault("not-a-file", "a symbolic link; links are not followed", hint="format the file that it leads to")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if status.st_size > MAX_BYTES:
            raise too_large(status.st_size)
        return stream.read(MAX_BYTES + 1), status


def _replace(path: str, data: bytes, status: os.stat_result) -> None:
    """All or nothing. Raises OSError, also when somebody has changed the file since it was read."""
    temporary = Path(f"{path}.fmt-{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
        now = os.lstat(path)
        if (now.st_ino, now.st_mtime_ns, now.st_size) != (status.st_ino, status.st_mtime_ns, status.st_size):
            raise OSError(0, "somebody changes it at the same time")
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def _report(root: Path, problems: Iterable[Problem]) -> None:
    from windlass.cli.work_tree import text_of
    from windlass.loading.report import text_report

    colour = wants_colour(sys.stderr)
    print(text_report(list(problems), color=colour, source=lambda file: text_of(root, file)), file=sys.stderr)
