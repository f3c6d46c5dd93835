"""Questions to the ledger.

In: names, cursors, limits. Out: frozen values. Safe from any thread; readers never wait for the writer, nor it for
them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import LedgerError
from windlass.store.reads_runs import RunReads
from windlass.store.texts import from_json, from_json_or_null, to_plain
from windlass.store.values import (
    AuditRow,
    CacheRow,
    DefinitionRow,
    FiringRow,
    KeptOutputs,
    OwnSecretRow,
    RepositoryRow,
    ScheduleRow,
    TokenRow,
)

if TYPE_CHECKING:
    from windlass.runs.model import RunHead
    from windlass.store.filters import Page, RunFilter
    from windlass.store.values import OutputsKey

LAST = 2**63 - 1  # behind every number that a database gives out


class Reads(RunReads):
    """Each question sees what is committed, at one moment. All raise LedgerError when the database cannot be read."""

    def list_runs(self, wanted: RunFilter, cursor: str | None = None, limit: int = 50) -> Page[RunHead]:
        """Newest first. Raises UsageError for a forged cursor."""
        from windlass.store.reads_list import list_runs

        return list_runs(self._pool, wanted, cursor, limit)

    def reachable(self) -> bool:
        """The ledger answers."""
        try:
            self._pool.rows("oldest_event")
        except LedgerError:
            return False
        return True

    def holder(self, scope: str = "controller") -> tuple[int, str] | None:
        """The epoch of a scope and who took it over; None when nobody ever has."""
        row = self._pool.row("read_holder", scope=scope)
        return None if row is None else (int(row[0]), str(row[1]))

    # ---- the own store of secrets

    def own_secret(self, owner: str, environment: str, name: str) -> OwnSecretRow | None:
        row = self._pool.row("own_secret", owner=owner, environment=environment, name=name)
        return None if row is None else _own_secret(row)

    def own_secrets(self) -> list[OwnSecretRow]:
        """By owner, environment and name."""
        found = [_own_secret(row) for row in self._pool.rows("own_secrets")]
        return sorted(found, key=lambda row: (row.owner, row.environment, row.name))

    def own_secrets_of_other_keys(self, key_id: str, most: int) -> list[OwnSecretRow]:
        """Those that are not sealed by that key."""
        return [_own_secret(row) for row in self._pool.rows("own_secrets_of_other_keys", key_id=key_id, most=most)]

    def own_secret_keys(self) -> set[str]:
        """The keys without which not everything could be opened."""
        return {str(row[0]) for row in self._pool.rows("own_secret_keys")}

    # ---- sources

    def repositories(self) -> list[RepositoryRow]:
        return [_repository(row) for row in self._pool.rows("repositories")]

    def repository(self, name: str) -> RepositoryRow | None:
        row = self._pool.row("repository", name=name)
        return None if row is None else _repository(row)

    def definitions(self, repository: str | None = None) -> list[DefinitionRow]:
        """The live definitions, of one repository or of all, by name."""
        if repository is None:
            return [_definition(row) for row in self._pool.rows("definitions")]
        return [_definition(row) for row in self._pool.rows("definitions_of", repository=repository)]

    def definition_of(self, repository: str, name: str) -> DefinitionRow | None:
        row = self._pool.row("definition_of", repository=repository, name=name)
        return None if row is None else _definition(row)

    # ---- triggers

    def schedules(self) -> list[ScheduleRow]:
        return [ScheduleRow(*row) for row in self._pool.rows("schedules")]

    def firings(self, repository: str, workflow: str, limit: int = 50, before: int | None = None) -> list[FiringRow]:
        """Newest first; `before`: the id of the last one of the page before."""
        before = LAST if before is None else before
        rows = self._pool.rows("firings", repository=repository, workflow=workflow, before=before, most=limit)
        return [FiringRow(*row) for row in rows]

    # ---- caches

    def kept_outputs(self, key: OutputsKey) -> KeptOutputs | None:
        """Those that were kept for this key last, expired or not."""
        row = self._pool.row(
            "kept_outputs",
            repository=key.repository,
            workflow=key.workflow,
            step=key.step,
            cache_key=to_plain(key.key),
            shape=key.shape,
        )
        return None if row is None else KeptOutputs(from_json(row[0]), row[1], row[2])

    def cache(self, repository: str, paths: str, key: str) -> CacheRow | None:
        row = self._pool.row("cache", repository=repository, paths=paths, cache_key=to_plain(key))
        return None if row is None else CacheRow(*row)

    def caches(self, repository: str | None = None) -> list[CacheRow]:
        """Of one repository, the newest first; or of all."""
        if repository is None:
            return [CacheRow(*row) for row in self._pool.rows("every_cache")]
        return [CacheRow(*row) for row in self._pool.rows("caches", repository=repository)]

    # ---- records

    def marks(self, scope: str) -> dict[str, Any]:
        """What was remembered in a scope: JSON values by name, in the order of the names."""
        return {name: from_json(value) for name, value in self._pool.rows("marks", scope=scope)}

    def events_after(self, cursor: int, limit: int = 500) -> list[tuple[int, str, str]]:
        """(cursor, kind, JSON) of what happened after a cursor, oldest first."""
        return [(row[0], row[1], row[2]) for row in self._pool.rows("events_after", after=cursor, most=limit)]

    def oldest_event(self) -> int | None:
        """The oldest cursor that is kept: a watcher who saw less than the one before it has missed something."""
        found: int | None = self._pool.rows("oldest_event")[0][0]
        return found

    def newest_event(self) -> int:
        """0 when there is none."""
        return self._pool.rows("newest_event")[0][0] or 0

    def audit(self, limit: int = 50, before: int | None = None) -> list[AuditRow]:
        """Newest first; `before`: the id of the last one of the page before."""
        return [_audit(row) for row in self._pool.rows("audit", before=LAST if before is None else before, most=limit)]

    def tokens(self) -> list[TokenRow]:
        return [TokenRow(*row) for row in self._pool.rows("tokens")]

    def token_by_hash(self, hash: str) -> TokenRow | None:
        row = self._pool.row("token_by_hash", hash=hash)
        return None if row is None else TokenRow(*row)


def _repository(row: tuple[Any, ...]) -> RepositoryRow:
    name, url, branch, commit, conditions, problems, updated_at = row
    return RepositoryRow(name, url, branch, commit, from_json(conditions), from_json(problems), updated_at)


def _definition(row: tuple[Any, ...]) -> DefinitionRow:
    found = DefinitionRow(*row)
    return replace(found, uses=found.uses or b"", stale=bool(found.stale))  # NULL: from before the column was there


def _audit(row: tuple[Any, ...]) -> AuditRow:
    number, at, actor, action, thing, before, after = row
    return AuditRow(number, at, from_json(actor), action, thing, from_json_or_null(before), from_json_or_null(after))


def _own_secret(row: tuple[Any, ...]) -> OwnSecretRow:
    owner, environment, name, version, key_id, wrapped, sealed, at, by = row
    return OwnSecretRow(owner, environment, name, version, key_id, bytes(wrapped), bytes(sealed), at, by)
