"""What the ledger keeps besides runs, as frozen values: one class a table.

In: nothing. Out: the rows that `Reads` answers and `Tx` takes. Times are milliseconds, JSON columns are plain values,
packed columns are bytes that only their writer understands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A live definition, pinned to its commit; `stale`: git says something newer that cannot be used."""

    repository: str
    name: str
    path: str
    commit: str
    title: str | None
    content: bytes
    settings: bytes
    source: bytes
    digest: str
    stale: bool = False
    uses: bytes = b""


@dataclass(frozen=True, slots=True)
class OwnSecretRow:
    """A value of the server's own store. `wrapped` is its own key, sealed by the key `key_id`; `sealed` the value."""

    owner: str
    environment: str
    name: str
    version: int
    key_id: str
    wrapped: bytes
    sealed: bytes
    updated_at: Millis
    updated_by: str


@dataclass(frozen=True, slots=True)
class RepositoryRow:
    """A repository as it was last reported."""

    name: str
    url: str
    branch: str | None
    commit: str | None
    conditions: Sequence[Any]
    problems: Sequence[Any]
    updated_at: Millis


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """Where a schedule stands: ticks up to `last_at` are settled, `next_at` None means never again."""

    repository: str
    workflow: str
    trigger: str
    spec_digest: str
    next_at: Millis | None
    last_at: Millis


@dataclass(frozen=True, slots=True)
class FiringRow:
    """A trigger fired; without a run, `reason` says why."""

    id: int
    repository: str
    workflow: str
    trigger: str
    key: str
    scheduled_at: Millis | None
    run: str | None
    reason: str | None
    created_at: Millis

    def to_json(self) -> dict[str, Any]:
        """The object of `GET /api/v1/workflows/{repository}/{workflow}/firings`."""
        return {
            "trigger": self.trigger,
            "scheduledAt": None if self.scheduled_at is None else to_rfc3339(self.scheduled_at),
            "at": to_rfc3339(self.created_at),
            "run": self.run,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who changed what, with the values before and after."""

    id: int
    at: Millis
    actor: Mapping[str, Any]
    action: str
    object: str
    before: Any
    after: Any

    def to_json(self) -> dict[str, Any]:
        """An item of `GET /api/v1/audit`."""
        return {
            "at": to_rfc3339(self.at),
            "actor": dict(self.actor),
            "action": self.action,
            "object": self.object,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token; only the hash of its text is kept."""

    id: str
    name: str
    hash: str
    created_at: Millis
    expires_at: Millis | None


@dataclass(frozen=True, slots=True)
class OutputsKey:
    """Which outputs may be reused: of one step, for one key; `shape` is a digest of their declarations."""

    repository: str
    workflow: str
    step: str
    key: str
    shape: str


@dataclass(frozen=True, slots=True)
class KeptOutputs:
    """Outputs as the run that made them recorded them."""

    outputs: Mapping[str, Any]
    run: str
    created_at: Millis


@dataclass(frozen=True, slots=True)
class CacheRow:
    """Folders kept between runs: `object` is the archive's name in the object store, `size` its bytes.

    `paths` is a digest of those that were kept: a key is one for the same paths alone.
    """

    repository: str
    paths: str
    key: str
    object: str
    size: int
    created_at: Millis
    used_at: Millis
