"""A custom event becomes the runs of every workflow that waits for its name.

In: a name, a payload, perhaps a key that tells a repetition. Out: the runs, committed before the answer (R15). The same
key again within 24 h gives the same answer and starts nothing; with another payload it is a conflict.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.crashpoints import reach
from windlass.errors import ConflictError, InputError, InputProblem, NotFoundError
from windlass.reconcile.admission import IDEMPOTENCY_SPAN
from windlass.store.ids import new_id
from windlass_schemas.names import PLAIN_PATTERN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Clock
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.firings import Fired, Firings
    from windlass.reconcile.trigger_index import TriggerIndex
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """`runs` as (id, repository, workflow); `reason` when there are none; not `fresh`: the key was seen before."""

    runs: tuple[tuple[str, str, str], ...]
    reason: str | None = None
    fresh: bool = True


class CustomEvents:
    def __init__(self, index: TriggerIndex, firings: Firings, writer: Writer, clock: Clock) -> None:
        self._index = index
        self._firings = firings
        self._writer = writer
        self._clock = clock

    def send(self, name: str, payload: Any, key: str | None, actor: Mapping[str, Any]) -> EventAnswer:
        """Raises NotFoundError (no name), ConflictError (the key with another payload), InputError (values that do not
        fit a workflow: then none starts)."""
        if not re.fullmatch(PLAIN_PATTERN, name):
            raise NotFoundError("this is no name of an event")
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        if key is not None:
            known = self._writer.write(lambda tx: self._known(tx, name, key, digest))
            if known is not None:
                return known
        event = {"kind": "event", "name": name, "body": payload, "scheduledAt": None}
        firing = new_id(self._clock.now())
        targets = self._index.everywhere("event", name)
        fired = [self._firings.prepare(target, firing, name, event, actor) for target in targets]
        self._refuse_misfits(fired)
        answer, started = self._record(name, key, digest, fired)
        reach("event.recorded")
        self._firings.start(started)
        return answer

    def _refuse_misfits(self, fired: list[Fired]) -> None:
        misfits = [one for one in fired if one.misfit]
        if misfits:
            self._writer.write(lambda tx: self._firings.record(tx, misfits))
            told = [f"{one.target.live.repository}/{one.target.live.name}: {one.reason}" for one in misfits]
            raise InputError([InputProblem("/payload", message) for message in told])

    def _record(self, name: str, key: str | None, digest: str, fired: list[Fired]) -> tuple[EventAnswer, list[NewRun]]:
        answer = _answer(name, fired)
        now = self._clock.now()

        def work(tx: Tx) -> tuple[EventAnswer, list[NewRun]]:
            if key is not None:
                known = self._known(tx, name, key, digest)
                if known is not None:
                    return known, []
                kept = {"digest": digest, "runs": answer.runs, "reason": answer.reason}
                tx.remember_delivery(_scope(name), key, kept, now)
            return answer, self._firings.record(tx, fired)

        reach("event.before-record")
        return self._writer.write(work)

    def _known(self, tx: Tx, name: str, key: str, digest: str) -> EventAnswer | None:
        found = tx.find_delivery(_scope(name), key, self._clock.now() - IDEMPOTENCY_SPAN)
        if found is None:
            return None
        if found["digest"] != digest:
            raise ConflictError(f"the idempotency key {key} was used with a different payload")
        return EventAnswer(tuple((run[0], run[1], run[2]) for run in found["runs"]), found["reason"], fresh=False)


def _scope(name: str) -> str:
    return f"event:{name}"  # no hook's scope: a repository's name has no colon


def _answer(name: str, fired: list[Fired]) -> EventAnswer:
    runs = tuple((f.new.head.id, f.new.head.repository, f.new.head.workflow) for f in fired if f.new is not None)
    if runs:
        return EventAnswer(runs)
    if not fired:
        return EventAnswer((), f"no workflow waits for the event {name}")
    return EventAnswer((), "; ".join(f"{f.target.live.repository}/{f.target.live.name}: {f.reason}" for f in fired))
