"""`windlass lock [--check]`: pin each library of windlass.yaml to a commit, or say whether windlass.lock still matches.

In: the work tree. Out: windlass.lock, and what changed; with `--check` nothing is written and nobody is asked: exit 1
when the lock is stale, which means that it does not match windlass.yaml, not that a library has moved on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.lines import for_display
from windlass.cli.work_tree import find_root, library_mirrors, load_work_tree
from windlass.errors import ProblemsError
from windlass.loading.definition_files import LOCK, SETTINGS
from windlass.loading.lock import Lock, lock_text, read_lock, why_stale

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from windlass.loading.lock import Locked
    from windlass_schemas.repository import Library


def command(arguments: argparse.Namespace) -> int:
    root = find_root(Path())
    libraries = _libraries(root)
    data = _read(root / LOCK)
    if arguments.check:
        return _check(root, libraries, data)
    return _write(root, libraries, data)


def _libraries(root: Path) -> Mapping[str, Library]:
    """What windlass.yaml names; nothing without one. Raises ProblemsError when it is broken."""
    if not (root / SETTINGS).exists():
        return {}
    tree = load_work_tree(root, only=SETTINGS)
    if tree.loaded.repository is None:
        raise ProblemsError([p for p in tree.loaded.problems if p.file == SETTINGS], tree.text_of)
    return tree.loaded.repository.libraries


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _check(root: Path, libraries: Mapping[str, Library], data: bytes | None) -> int:
    lock, problems = read_lock(data) if data is not None else (Lock(), [])
    if lock is None:
        raise ProblemsError(problems, lambda file: (root / file).read_text(encoding="utf-8", errors="replace"))
    stale = why_stale(lock, libraries)
    for name, why in stale.items():
        print(for_display(f"{name} {why}", colour=False))
    if stale:
        print(f"{LOCK} is stale: run windlass lock")
        return 1
    print(f"{LOCK} matches {SETTINGS}" if libraries else f"{SETTINGS} names no libraries")
    return 0


def _write(root: Path, libraries: Mapping[str, Library], data: bytes | None) -> int:
    from windlass.reconcile.locking import make_lock
    from windlass.sources.location import Location

    old = (read_lock(data)[0] if data is not None else None) or Lock()
    mirrors = library_mirrors()
    try:
        lock = make_lock(libraries, Location(str(root), local=True), mirrors)
    finally:
        mirrors.close()
    for line in _changes(old.libraries, lock.libraries):
        print(for_display(line, colour=False))
    text = lock_text(lock).encode()
    if not libraries and data is None:
        print(f"{SETTINGS} names no libraries")
    elif text == data:
        print(f"{LOCK} is current")
    else:
        temporary = root / f".{LOCK}.{os.getpid()}"
        temporary.write_bytes(text)
        temporary.replace(root / LOCK)
        print(f"{LOCK} is written: commit it with {SETTINGS}")
    return 0


def _changes(old: Mapping[str, Locked], new: Mapping[str, Locked]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if after is None:
            yield f"{name}: removed"
        elif before is None:
            yield f"{name}: {after.ref or 'the default branch'} is at {after.commit[:12]}"
        elif before.commit != after.commit:
            yield f"{name}: {after.ref or 'the default branch'} {before.commit[:12]} → {after.commit[:12]}"
        elif before != after:
            yield f"{name}: written anew, still at {after.commit[:12]}"
