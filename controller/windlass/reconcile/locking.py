"""`windlass lock`: what each library's ref stands for now, with the libraries of libraries.

In: what windlass.yaml names, mirrors. Out: a new `Lock`, everything in it fetched. A library of a library is taken at
the commit that its owner's own windlass.lock pins it to, where that lock is current: so its author tried it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.loading.definition_files import LOCK, SETTINGS
from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.lock import Lock, Locked, read_lock
from windlass.loading.models import validate
from windlass.loading.text import MAX_BYTES
from windlass.reconcile.library_mirrors import library_location
from windlass.sources.named_refs import Named, refs_of
from windlass_schemas.lock_file import DEEPEST
from windlass_schemas.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.reconcile.library_mirrors import LibraryMirrors
    from windlass.sources.location import Location
    from windlass.sources.mirror import Mirror
    from windlass_schemas.repository import Library

MOST = 200  # libraries in all


@dataclass(frozen=True, slots=True)
class _Owner:
    """Who names a library: its name ("" the repository), place, own lock, and the places of all above it."""

    name: str
    location: Location
    lock: Lock
    above: tuple[tuple[str, str | None], ...] = ()
    allow_local: bool = True

    def name_of(self, alias: str) -> str:
        return f"{self.name}/{alias}" if self.name else alias


def make_lock(libraries: Mapping[str, Library], base: Location, mirrors: LibraryMirrors) -> Lock:
    """Raises SourceError; the message names the library."""
    found: dict[str, Locked] = {}
    todo = [(_Owner("", base, Lock()), alias, library) for alias, library in libraries.items()]
    while todo:
        owner, alias, library = todo.pop()
        name = owner.name_of(alias)
        try:
            _refuse_endless(owner, name, len(found))
            found[name], inner, its_own = _locked(owner, alias, library, mirrors)
        except SourceError as error:
            raise SourceError(f"library {name}: {error}", error.reason, error.retry_after) from error
        todo += [(inner, below, one) for below, one in its_own.items()]
    return Lock(found)


def _refuse_endless(owner: _Owner, name: str, count: int) -> None:
    if name.count("/") >= DEEPEST:
        raise SourceError(f"libraries of libraries end at {DEEPEST}", "TooDeep")
    if count >= MOST:
        raise SourceError(f"more than {MOST} libraries in all", "TooLarge")
    if owner.name_of("std") == name:
        raise SourceError("std is built in: choose another name", "NotAllowed")


def _locked(
    owner: _Owner, alias: str, library: Library, mirrors: LibraryMirrors
) -> tuple[Locked, _Owner, Mapping[str, Library]]:
    """One library, it as an owner, and what it names itself."""
    name = owner.name_of(alias)
    location = library_location(library.git, owner.location, allow_local=owner.allow_local)
    here = (location.url, library.ref)
    if here in owner.above:
        names = name.split("/")
        circle = ["/".join(names[: i + 1]) for i in range(owner.above.index(here), len(names))]
        raise SourceError(f"libraries name one another in a circle: {' → '.join(circle)}", "Circle")
    mirror = mirrors.of(location)
    mine = owner.lock.libraries.get(alias)
    pinned = mine is not None and not mine.differs(library)
    named = Named(mine.commit, refs_of(library.ref)) if mine and pinned else mirror.find(library.ref)
    mirror.bring(named)
    locked = Locked(
        library.git, library.ref, library.path, named.commit, mirrors.hash_of(location, named.commit, library.path)
    )
    settings, lock = _own(mirror, named.commit)
    inner = _Owner(name, location, lock, (*owner.above, here), location.local)
    return locked, inner, settings.libraries if settings is not None else {}


def _own(mirror: Mirror, commit: str) -> tuple[Repository | None, Lock]:
    """A library's own windlass.yaml and windlass.lock. Raises SourceError when they cannot be used."""
    entries = {e.path: e for e in mirror.tree(commit).entries if e.path in (SETTINGS, LOCK) and e.kind == "file"}
    small = {path: entry.blob for path, entry in entries.items() if entry.size <= MAX_BYTES}
    contents = mirror.read(list(small.values()))
    if SETTINGS not in small:
        return None, Lock()
    try:
        document, _ = read_document(contents[small[SETTINGS]])
    except Faults as faults:
        raise SourceError(f"its windlass.yaml cannot be read: {faults.faults[0].message}", "Invalid") from faults
    settings, problems = validate(SETTINGS, document, Repository)
    if settings is None:
        first = problems[0]
        raise SourceError(f"its windlass.yaml:{first.span.line}:{first.span.column}: {first.message}", "Invalid")
    lock = read_lock(contents[small[LOCK]])[0] if LOCK in small else None
    return settings, lock or Lock()
