"""Which workflows wait for what, found without looking at every definition for every event.

In: the catalog. Out: targets by kind and subject: the name of a custom event, `REPOSITORY/WORKFLOW` of an ended run,
`push` or `tag` of a repository. What is disabled is a target too: its firing is recorded with the reason. A
repository's part is made again when its definitions were exchanged, which shows in their identity.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from windlass.reconcile.catalog import unpack
from windlass.tenants import beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.reconcile.catalog import Catalog, LiveWorkflow

Subject = tuple[str, str]  # a kind of trigger and what it waits for
KINDS = ("event", "git", "workflow")
GIT = frozenset({"push", "tag"})


@dataclass(frozen=True, slots=True)
class Target:
    """One written trigger of a live definition."""

    live: LiveWorkflow
    kind: str
    index: int

    @property
    def name(self) -> str:
        """As firings and the API call it: `git[0]`."""
        return f"{self.kind}[{self.index}]"

    @property
    def written(self) -> dict[str, Any]:
        """What stands in the file, as plain values."""
        found: dict[str, Any] = self.live.document["triggers"][self.kind][self.index]
        return found

    @property
    def trigger(self) -> Any:
        """The model of what was written."""
        return getattr(self.live.model.triggers, self.kind)[self.index]


class TriggerIndex:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: dict[str, tuple[Mapping[str, LiveWorkflow], dict[Subject, list[Target]]]] = {}

    def of(self, repository: str, kind: str, subject: str) -> list[Target]:
        """The targets of one repository."""
        live = self._catalog.of(repository)
        known = self._made.get(repository)
        if known is None or known[0] is not live:
            known = self._made[repository] = (live, by_subject(live.values()))
        return known[1].get((kind, subject), [])

    def everywhere(self, kind: str, subject: str) -> list[Target]:
        """The targets of all repositories, by the names of their repositories."""
        return [target for name in self._catalog.repositories() for target in self.of(name, kind, subject)]


def by_subject(workflows: Iterable[LiveWorkflow]) -> dict[Subject, list[Target]]:
    """What definitions wait for; each list in the order of the workflows' names."""
    found: dict[Subject, list[Target]] = defaultdict(list)
    for live in sorted(workflows, key=lambda one: one.name):
        for kind, index, subject in _written(live.content):
            whole = beside(live.repository, subject) if kind == "workflow" else subject
            found[kind, whole].append(Target(live, kind, index))
    return dict(found)


@lru_cache(maxsize=16_384)
def _written(content: bytes) -> tuple[tuple[str, int, str], ...]:
    """(kind, index, subject) of each trigger; remembered, since a commit changes few of many definitions."""
    triggers = unpack(content).get("triggers") or {}
    return tuple(
        (kind, index, subject)
        for kind in KINDS
        for index, entry in enumerate(triggers.get(kind) or ())
        for subject in (GIT & entry.keys() if kind == "git" else (str(entry["name"]),))
    )
