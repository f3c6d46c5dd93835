"""What is known of one source between two passes of its reconcile, and what others read of it.

In: what the last pass found. Out: values; nothing here asks git or the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.loading.lock import Locked
    from windlass.problems import Problem
    from windlass.reconcile.conditions import Condition
    from windlass.reconcile.library_polls import Seen
    from windlass.reconcile.served_libraries import Missing, ServedLibraries
    from windlass.settings import RepositorySettings
    from windlass.sources.branch import Head
    from windlass.sources.mirror import Mirror


@dataclass(slots=True)
class SourceState:
    """What is known of one source; written by its own reconcile alone."""

    settings: RepositorySettings
    mirror: Mirror
    commit: str | None = None  # the commit that was last loaded
    branch: str | None = None
    known: Head | None = None  # what the ledger has as live, also from an earlier life; no branch: it did not say
    conditions: tuple[Condition, ...] = ()
    problems: tuple[Problem, ...] = ()
    failures: int = 0
    retry_after: float | None = None
    reconciled: bool = False  # at least once in this life
    held_back: bool = field(default=False)  # a mass removal waits for a confirmation
    libraries: Mapping[str, Locked] = field(default_factory=dict)  # as the loaded commit locks them
    missing: Missing = field(default_factory=dict)  # commits of libraries that could not be had, and why
    seen: Mapping[str, Seen] = field(default_factory=dict)  # what the last polls of the libraries said
    served: ServedLibraries | None = None  # those of its tenant, in the place of the server's
    hurry: bool = False  # somebody asked for a look: libraries are asked again without waiting

    @property
    def on_branch(self) -> str | None:
        """The branch that what is live comes from, as far as is known; None for a commit of no branch."""
        found = self.branch or (self.known.branch if self.known is not None else None)
        return None if found in (None, "", "HEAD") else found
