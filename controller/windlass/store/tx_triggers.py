"""Changes to what makes a trigger fire once: firings, schedules, deliveries, idempotency keys, marks.

In: names, keys, times. Out: rows; the unique keys stand in the same transaction as the run (promises R11, R15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.store.texts import from_json, to_json, to_plain
from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from windlass.clock import Millis


class TriggerChanges(TxBase):
    __slots__ = ()

    def insert_firing(
        self,
        repository: str,
        workflow: str,
        trigger: str,
        key: str,
        scheduled_at: Millis | None,
        run: str | None,
        reason: str | None,
        now: Millis,
    ) -> bool:
        """False when this key of this trigger has fired before: nothing may be started then."""
        changed = self._change(
            "insert_firing",
            repository=repository,
            workflow=workflow,
            trigger_name=trigger,
            firing_key=to_plain(key),
            scheduled_at=scheduled_at,
            run_id=run,
            reason=to_plain(reason),
            created_at=now,
        )
        return changed == 1

    def set_schedule(
        self, repository: str, workflow: str, trigger: str, spec_digest: str, next_at: Millis | None, last_at: Millis
    ) -> None:
        """`last_at`: every tick up to here is settled. `next_at` None: it never fires again."""
        self._change(
            "set_schedule",
            repository=repository,
            workflow=workflow,
            trigger_name=trigger,
            spec_digest=spec_digest,
            next_at=next_at,
            last_at=last_at,
        )

    def delete_schedule(self, repository: str, workflow: str, trigger: str) -> None:
        self._change("delete_schedule", repository=repository, workflow=workflow, trigger_name=trigger)

    def delete_schedules(self, repository: str) -> None:
        self._change("delete_schedules", repository=repository)

    def find_delivery(self, scope: str, delivery: str, since: Millis) -> Any | None:
        """The answer that was given to this delivery, when it was remembered at or after `since`."""
        found = self._row("find_delivery", scope=scope, delivery_id=to_plain(delivery), since=since)
        return None if found is None else from_json(found[0])

    def remember_delivery(self, scope: str, delivery: str, answer: Any, now: Millis) -> None:
        self._change(
            "remember_delivery", scope=scope, delivery_id=to_plain(delivery), answer=to_json(answer), created_at=now
        )

    def find_idempotency(self, scope: str, key: str, since: Millis) -> tuple[str, str] | None:
        """The run and the body's digest of this key, when it was used at or after `since`."""
        found = self._row("find_idempotency", scope=scope, client_key=to_plain(key), since=since)
        return None if found is None else (found[0], found[1])

    def insert_idempotency(self, scope: str, key: str, body_digest: str, run: str, now: Millis) -> None:
        """Remember the key; one that has expired is replaced."""
        self._change(
            "insert_idempotency",
            scope=scope,
            client_key=to_plain(key),
            body_digest=body_digest,
            run_id=run,
            created_at=now,
        )

    def set_mark(self, scope: str, name: str, value: Any) -> None:
        """Remember a JSON value until `delete_mark`; the last one counts."""
        self._change("set_mark", scope=scope, name=name, value=to_json(value))

    def delete_mark(self, scope: str, name: str) -> None:
        self._change("delete_mark", scope=scope, name=name)

    def prune_triggers(self, *, firings: Millis, deliveries: Millis, idempotency: Millis) -> None:
        """Forget what is older than each of the times."""
        self._change("prune_firings", before=firings)
        self._change("prune_deliveries", before=deliveries)
        self._change("prune_idempotency", before=idempotency)
