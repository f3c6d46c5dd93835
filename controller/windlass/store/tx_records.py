"""Changes to what is recorded for others: events, the audit log, tokens.

In: JSON values. Out: rows; an event stands in the same transaction as the change it tells of, so none is lost or
made up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.store.texts import to_json, to_json_or_null, to_plain
from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis


class RecordChanges(TxBase):
    __slots__ = ()

    def add_event(self, kind: str, subject: str, data: Any) -> int:
        """The event's cursor: greater than every one before, also after they were pruned."""
        self.newest_event = self._insert("insert_event", at=self.now, kind=kind, subject=subject, data=to_json(data))
        return self.newest_event

    def prune_events(self, before: Millis) -> int:
        return self._change("prune_events", before=before)

    def add_audit(
        self, at: Millis, actor: Mapping[str, Any], action: str, object: str, before: Any = None, after: Any = None
    ) -> None:
        self._insert(
            "insert_audit",
            at=at,
            actor_data=to_json(actor),
            action=action,
            object=to_plain(object),
            value_before=to_json_or_null(before),
            value_after=to_json_or_null(after),
        )

    def prune_audit(self, before: Millis) -> int:
        return self._change("prune_audit", before=before)

    def insert_token(self, id: str, name: str, hash: str, now: Millis, expires_at: Millis | None) -> None:
        self._change("insert_token", id=id, name=to_plain(name), hash=hash, created_at=now, expires_at=expires_at)

    def delete_token(self, id: str) -> bool:
        """False when there was none."""
        return self._change("delete_token", id=id) == 1
