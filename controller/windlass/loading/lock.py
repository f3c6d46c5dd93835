"""windlass.lock: read with positions, written for people to review, compared with windlass.yaml.

In: the bytes of the file, the libraries that windlass.yaml names. Out: a `Lock`, problems, its text, and why it is
stale. Stale means that it does not match windlass.yaml, never that a library has moved on (fine print, "Command line").
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from windlass.loading.definition_files import LOCK
from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.models import fault_problems, validate
from windlass.loading.text import MAX_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.problems import Problem
    from windlass_schemas.repository import Library

_HEAD = "# Written by `windlass lock`: edits are lost. Commit it with windlass.yaml.\n"
_WRITTEN = ("git", "ref", "path")


@dataclass(frozen=True, slots=True)
class Locked:
    """One library, pinned. `git`, `ref` and `path` as windlass.yaml has them."""

    git: str
    ref: str | None
    path: str | None
    commit: str
    hash: str

    def different(self, library: Library) -> list[str]:
        """Which of git, ref and path are not what windlass.yaml says."""
        return [key for key in _WRITTEN if getattr(self, key) != getattr(library, key)]

    def differs(self, library: Library) -> list[str]:
        """As `different`, in words."""
        return [
            f"{key} is {_shown(getattr(self, key))}, windlass.yaml says {_shown(getattr(library, key))}"
            for key in self.different(library)
        ]


@dataclass(frozen=True, slots=True)
class Lock:
    """By name: the alias in windlass.yaml, and `infra/base` for the library that `infra` calls `base`."""

    libraries: Mapping[str, Locked] = field(default_factory=dict)


def read_lock(data: bytes) -> tuple[Lock | None, list[Problem]]:
    """None when the file cannot be used at all."""
    if len(data) > MAX_BYTES:
        return None, [too_large(len(data)).problem(LOCK)]
    try:
        document, _ = read_document(data)
    except Faults as faults:
        return None, fault_problems(LOCK, faults)
    from windlass_schemas.lock_file import LockFile  # most repositories have no lock: their start is spared its models

    model, problems = validate(LOCK, document, LockFile)
    if model is None:
        return None, problems
    found = {n: Locked(one.git, one.ref, one.path, one.commit, one.hash) for n, one in model.libraries.items()}
    return Lock(found), problems


def lock_text(lock: Lock) -> str:
    """The file: sorted by name, so that a change shows where it is."""
    if not lock.libraries:
        return _HEAD + "libraries: {}\n"
    return _HEAD + "libraries:\n" + "".join(line for name in sorted(lock.libraries) for line in _lines(name, lock))


def _lines(name: str, lock: Lock) -> Iterator[str]:
    one = lock.libraries[name]
    yield f"  {json.dumps(name)}:\n"
    for key in (*_WRITTEN, "commit", "hash"):
        value = getattr(one, key)
        if value is not None:
            # JSON in double quotes is YAML: whatever a name or ref looks like, every reader takes it for the same text.
            yield f"    {key}: {json.dumps(value, ensure_ascii=False)}\n"


def why_stale(lock: Lock, libraries: Mapping[str, Library]) -> dict[str, str]:
    """Each library of which the lock says something else than windlass.yaml, and what; empty: the lock is current."""
    found = {}
    for name, library in libraries.items():
        locked = lock.libraries.get(name)
        if locked is None:
            found[name] = "is not locked"
        elif different := locked.differs(library):
            found[name] = f"is locked for something else: {'; '.join(different)}"
    for name in lock.libraries:
        owner, inside, _ = name.rpartition("/")
        if not inside and name not in libraries:
            found[name] = "is locked, and windlass.yaml does not name it"
        elif inside and owner not in lock.libraries:
            found[name] = f"is locked, and {owner} is not"
    return dict(sorted(found.items()))


def needed(lock: Lock, libraries: Mapping[str, Library]) -> dict[str, Locked]:
    """The entries that match windlass.yaml, with those of the libraries below them."""
    good = {n for n, library in libraries.items() if n in lock.libraries and not lock.libraries[n].differs(library)}
    return {name: locked for name, locked in lock.libraries.items() if name.partition("/")[0] in good}


def _shown(value: str | None) -> str:
    return "absent" if value is None else value
