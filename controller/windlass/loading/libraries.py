"""What `uses: alias/name` means at one commit of a repository: windlass.yaml, windlass.lock and the files of libraries.

In: the libraries that windlass.yaml names, the lock, a way to open a locked library. Out: for each target an `Offer`,
or what is wrong with it as rule, message and hint. A library is opened when something in it is used, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.frozen import dataclass
from windlass.loading.built_in import STD, built_in_files
from windlass.loading.library import Library, Offer
from windlass.loading.library_files import Absent
from windlass.loading.signatures import Signature
from windlass.nearest import did_you_mean, nearest
from windlass.plan.uses import MOST_DEEP, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.loading.checks.site import Checkers
    from windlass.loading.library_files import LibraryFiles
    from windlass.loading.lock import Lock
    from windlass.plan.uses import Used
    from windlass_schemas import repository

    OpenLibrary = Callable[[str, Lock], LibraryFiles | Absent]  # by the name in the lock

RUN_LOCK = "run windlass lock, and commit windlass.lock"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a target cannot be used."""

    rule: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A target taken apart: the library's name in the lock, and what of it, as written and from its root."""

    library: str
    written: str
    path: str | None  # None: below the library's path, as `written`


class Libraries:
    def __init__(
        self, declared: Mapping[str, repository.Library], lock: Lock | None, opener: OpenLibrary, checkers: Checkers
    ) -> None:
        self._declared = declared
        self.lock = lock
        self._open = opener
        self._checkers = checkers
        self._opened: dict[str, Library | Wrong] = {}
        self._judged: dict[str, tuple[Offer | Wrong, int]] = {}

    def look(self, target: str) -> Offer | Wrong:
        """`alias/name`, or, as it stands in a library, `NAME:./path` and `NAME:alias/name` (`plan.uses.target_of`).

        All that it uses in turn is looked at too.
        """
        found, height = self._judge(target, ())
        if isinstance(found, Offer) and height > MOST_DEEP:
            return Wrong("nesting-too-deep", f"workflows are nested more than {MOST_DEEP} deep below {target}")
        return found

    def used(self, target: str) -> Used | None:
        """As `look`, for what was checked: None for what cannot be used."""
        found = self._find(target)
        return found.used if isinstance(found, Offer) else None

    def signature(self, target: str) -> Signature | None:
        """What it asks for and gives back; None for what cannot be used, or is not here."""
        found = self._find(target)
        if not isinstance(found, Offer) or found.used is None or found.facts is None:
            return None
        return Signature(found.used.kind == "Action", found.facts.signature or {})

    def _judge(self, target: str, above: tuple[str, ...]) -> tuple[Offer | Wrong, int]:
        """With how many workflows are within one another, from this one on."""
        if target in above:
            circle = " → ".join([*above[above.index(target) :], target])
            return Wrong("dependency-cycle", f"workflows call one another in a circle: {circle}"), 0
        if len(above) > 2 * MOST_DEEP:
            return Wrong("nesting-too-deep", f"workflows are nested more than {MOST_DEEP} deep"), 0
        if target not in self._judged:
            self._judged[target] = self._judged_anew(target, above)
        return self._judged[target]

    def _judged_anew(self, target: str, above: tuple[str, ...]) -> tuple[Offer | Wrong, int]:
        found, height = self._find(target), 0
        if isinstance(found, Wrong) or found.facts is None or found.used is None:
            return found, height
        for mention in found.facts.uses:
            wrong, below = self._judge(target_of(mention.text, found.used.library), (*above, target))
            if isinstance(wrong, Wrong):
                at = f"{found.used.path}:{mention.span.line}:{mention.span.column}"
                rule = wrong.rule if wrong.rule.startswith("library-") else "broken-uses"
                return Wrong(rule, f"{_shown(target)} has errors: {at}: {wrong.message}"), 0
            height = max(height, below)
        return found, height + (found.used.kind == "Workflow")

    def _find(self, target: str) -> Offer | Wrong:
        place = _place(target)
        library = self._library(place.library)
        if isinstance(library, Wrong):
            return library
        offer = library.find(place.path if place.path is not None else library.place_of(place.written))
        if offer is None:
            kind = "offers no action or workflow" if place.path is None else "has nothing at"
            return Wrong("unknown-action", f"the library {place.library} {kind} {place.written}", _near(place, library))
        if offer.mistake is not None:
            return Wrong("broken-uses", f"{_shown(target)} has errors: {offer.mistake}")
        return offer

    def _library(self, name: str) -> Library | Wrong:
        if name not in self._opened:
            self._opened[name] = self._look_up(name)
        return self._opened[name]

    def _look_up(self, name: str) -> Library | Wrong:
        if name == STD:
            return Library(STD, built_in_files(), self._checkers)
        owner, _, alias = name.rpartition("/")
        above = self._library(owner) if owner else None
        if isinstance(above, Wrong):
            return above
        declared = (above.libraries if above is not None else self._declared).get(alias)
        if declared is None:
            return Wrong("unknown-action", f"there is no library {name}")
        locked = self.lock.libraries.get(name) if self.lock is not None else None
        if locked is None or self.lock is None:
            return Wrong("library-not-locked", f"the library {name} is not in windlass.lock", RUN_LOCK)
        if different := locked.differs(declared):
            said = f"windlass.lock has the library {name} for something else: {'; '.join(different)}"
            return Wrong("library-not-locked", said, RUN_LOCK)
        files = self._open(name, self.lock)
        if isinstance(files, Absent):
            return Wrong(files.rule, files.message)
        return Library(name, files, self._checkers, path=locked.path, commit=locked.commit)


def _place(target: str) -> _Place:
    owner, inside, rest = target.rpartition(":")
    if inside and rest.startswith("./"):
        return _Place(owner, rest, rest[2:])
    alias, _, written = rest.partition("/")
    return _Place(f"{owner}/{alias}" if inside else alias, written, None)


def _near(place: _Place, library: Library) -> str | None:
    """As it would have to be written."""
    if place.path is not None:
        return None
    alias = place.library.rpartition("/")[2]
    found = nearest(place.written, library.names)
    return f"did you mean {alias}/{found}?" if found is not None else did_you_mean(place.written, library.names)


def _shown(target: str) -> str:
    """As it is written where it stands."""
    return target.rpartition(":")[2]


def not_in_the_cache(name: str, _: Lock) -> Absent:
    """What opens no library at all."""
    return Absent("library-not-checked", f"the library {name} is not in the cache, so what it offers is not checked")


def unavailable(name: str, why: str) -> Absent:
    """It should be here and cannot be had."""
    return Absent("library-unavailable", f"the library {name} cannot be had: {why}")


def mismatch(name: str, why: str) -> Absent:
    """It is here, and not what was locked."""
    return Absent("library-mismatch", f"the library {name} is not what was locked: {why}")
