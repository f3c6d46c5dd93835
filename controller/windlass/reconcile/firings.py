"""What has happened meets a trigger that waits for it: a run, or the reason why there is none; recorded either way.

In: a target, the event, a key that makes the firing unique. Out: firings with their runs, for the transaction of the
caller, who records what else it settles. A key that has fired before starts nothing (R11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.errors import ExpressionError, InputError, WindlassError
from windlass.expressions import evaluate_bool
from windlass.plan.inputs import parse_inputs
from windlass.reconcile.creation import Cause, evaluated, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.clock import Clock
    from windlass.reconcile.admission import Admission
    from windlass.reconcile.creation import NewRun
    from windlass.reconcile.engine import Engine
    from windlass.reconcile.trigger_index import Target
    from windlass.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Fired:
    """A firing that is not recorded yet: `new`, or the `reason` why nothing starts.

    `misfit`: the event's values are no inputs of the workflow, which a sender who waits should hear.
    """

    target: Target
    key: str
    new: NewRun | None = None
    reason: str | None = None
    misfit: bool = False


class Firings:
    def __init__(self, admission: Admission, engine: Engine, clock: Clock) -> None:
        self._admission = admission
        self._engine = engine
        self._clock = clock

    def prepare(self, target: Target, key: str, name: str, event: Mapping[str, Any], actor: Mapping[str, Any]) -> Fired:
        """Nothing is written. `name` stands in the run's `trigger`."""
        now = to_rfc3339(self._clock.now())
        reason = refusal(target, event, now)
        if reason is not None:
            return Fired(target, key, reason=reason)
        try:
            cause = _cause(target, name, event, actor, now)
        except InputError as error:
            told = "; ".join(f"input {p.pointer.lstrip('/')}: {p.message}" for p in error.problems)
            return Fired(target, key, reason=f"its inputs do not fit: {told}", misfit=True)
        except ExpressionError as error:
            return Fired(target, key, reason=f"its inputs do not fit: {error}", misfit=True)
        try:
            return Fired(target, key, new=self._admission.plan(target.live, cause))
        except WindlassError as error:
            return Fired(target, key, reason=f"it cannot be planned: {error}")

    def record(self, tx: Tx, fired: Iterable[Fired]) -> list[NewRun]:
        """The runs that are new; hand them to `start` after the commit."""
        now, started = self._clock.now(), []
        for one in fired:
            live, run = one.target.live, one.new.head.id if one.new is not None else None
            first = tx.insert_firing(live.repository, live.name, one.target.name, one.key, None, run, one.reason, now)
            if first and one.new is not None:
                record(tx, one.new)
                started.append(one.new)
        return started

    def start(self, started: Iterable[NewRun]) -> None:
        with self._engine.round:
            for new in started:
                self._engine.add(new.state())


def refusal(target: Target, event: Mapping[str, Any], now: str) -> str | None:
    """Why the trigger lets this event pass; None when it wants a run."""
    if target.live.model.enabled is False:
        return "the workflow is disabled"
    trigger = target.trigger
    if trigger.enabled is False:
        return "the trigger is disabled"
    if trigger.if_ is None or trigger.if_ is True:
        return None
    try:
        scope = {"event": dict(event), "repository": {"name": target.live.repository}}
        wanted = trigger.if_ is not False and evaluate_bool(trigger.if_, scope, {"now": lambda: now})
    except ExpressionError as error:
        return f"its `if` cannot be evaluated: {error}"
    return None if wanted else "its `if` is false"


def _cause(target: Target, name: str, event: Mapping[str, Any], actor: Mapping[str, Any], now: str) -> Cause:
    """Raises ExpressionError and InputError."""
    values, env = evaluated(target.trigger.inputs, target.trigger.env, event, target.live.repository, now)
    inputs = parse_inputs(target.live.model.inputs, values)
    return Cause(kind=target.kind, name=name, inputs=inputs, event=event, actor=actor, env=env)
