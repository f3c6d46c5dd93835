"""Decide what a run does next.

In: the plan, the run's state, what was observed, the time. Out: a `Decision`. Pure: the same arguments give the same
decision, nothing is changed, no clock is read. The shell records the decision in one transaction and only then
carries out its commands, so that a crash in between loses no knowledge of an effect (design decision 2).

The order within one call: let the run in, take in observations, let time act, let steps follow, change the phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.runs import cancel, entry, finish, follow, observe, reuse, timers
from windlass.runs.draft import Draft
from windlass.runs.model import Status, StepKey
from windlass.runs.state import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from windlass.clock import Millis
    from windlass.runs.model import Observation, Step
    from windlass.runs.state import RunState


def decide(state: RunState, observations: Iterable[Observation], now: Millis) -> Decision:
    """What follows from `observations` (in the order they arrived) and the time.

    Terminal is final (promise R4): a run that has ended takes in nothing any more.
    """
    draft = Draft(state, now, _turn)
    if not state.head.status.terminal:
        _turn(draft, observations)
        timers.set_wake(draft)
    return draft.decision()


def _turn(draft: Draft, observations: Iterable[Observation]) -> None:
    """Of a run, and of a workflow nested in it as often as there is news for it."""
    if draft.head.status.terminal:
        return
    if draft.plan.refusal is not None:
        _refuse(draft, draft.plan.refusal)
        return
    left = entry.let_in(draft, observations)
    if left is None:
        return
    _begin(draft)
    for observation in left:
        observe.take(draft, observation)
    timers.act(draft)
    follow.ready_steps(draft)
    while finish.next_phase(draft):
        cancel.apply_to_pending(draft)
        follow.ready_steps(draft)
    _rest(draft)


def _rest(draft: Draft) -> None:
    """A run is `waiting` while nothing of it runs and something waits for its moment.

    Once it is known why it did not succeed, its message says that, whatever `finally` waits for.
    """
    head = draft.head
    if head.status not in (Status.RUNNING, Status.WAITING) or head.cancel_at is not None:
        return
    explained = head.result not in (None, Status.SUCCEEDED)
    going = map(draft.step, draft.going())
    first = next(going, None)
    if first is not None and _rests(first) and all(map(_rests, going)):
        draft.update(status=Status.WAITING, message=head.message if explained else first.message)
    elif head.status is Status.WAITING:
        draft.update(status=Status.RUNNING, message=head.message if explained else None)


def _rests(step: Step) -> bool:
    return step.status is Status.WAITING and not step.attempts


def _begin(draft: Draft) -> None:
    fresh = draft.head.started_at is None and draft.head.status in (Status.QUEUED, Status.WAITING)
    if fresh:
        draft.update(status=Status.RUNNING, started_at=draft.now, message=None)
    if fresh or draft.state.unexamined:
        follow.enqueue_roots(draft)
        reuse.ask_again(draft)
        for name, child in draft.state.children.items():
            if not child.head.status.terminal and name not in draft.children:
                draft.tell(name)


def _refuse(draft: Draft, why: str) -> None:
    """Its environment does not take it: nothing of it runs, `finally` included, and it takes nobody's place."""
    for name in (*draft.plan.steps, *draft.plan.finally_):
        draft.end(StepKey(name), Status.SKIPPED, "needs-failed", "the run was refused")
    draft.update(
        status=Status.ERRORED, result=Status.ERRORED, cause="policy", message=why, phase="done", ended_at=draft.now
    )
