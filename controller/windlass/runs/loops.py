"""The life of a loop: its items start in order, at most so many at once; its own end follows from theirs.

In: a draft. Out: item steps beside their loop's step. The loop's step is `running` without attempts of its own; what is
known of its items (how many began, how many are open, whether one broke) is counted, not searched, so that ten thousand
items cost what ten thousand single steps cost. A rerun lists all items from the start: those that it keeps have ended,
the others are `pending` until their turn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import ExpressionError
from windlass.runs import cancel, late
from windlass.runs.begin import begin as begin_item
from windlass.runs.model import Status, Step, StepKey
from windlass.runs.scope import expansion_of
from windlass.runs.settled import forgiven_item
from windlass.runs.state import turned_away

if TYPE_CHECKING:
    from windlass.plan.loop import Loop
    from windlass.runs.draft import Draft
    from windlass.runs.expand import Expansion, Item

FAIL_FAST = "fail-fast"


def begin(draft: Draft, name: str) -> None:
    try:
        expansion = expansion_of(draft, draft.planned(name))
        _check_listed(draft, name, expansion)
    except ExpressionError as error:
        draft.end(StepKey(name), Status.ERRORED, "expression", str(error))
        return
    if not late.settle(draft, StepKey(name), loop=True):
        return
    step = draft.step(StepKey(name))
    draft.put(replace(step, status=Status.RUNNING, started_at=draft.now))
    if not expansion.items:
        draft.end(StepKey(name), Status.SUCCEEDED)
        return
    advance(draft, name)


def _check_listed(draft: Draft, name: str, expansion: Expansion) -> None:
    """What a rerun has taken over must be items of this loop. Raises ExpressionError."""
    strange = [key.item for key in draft.state.items.get(name, ()) if key.item not in expansion.by_key]
    if strange:
        raise ExpressionError(f"the loop has no item {strange[0]}, which the run before had: run all of it again")


def advance(draft: Draft, name: str) -> None:
    """After something happened to its items: stop, start more, or end."""
    if draft.step(StepKey(name)).status.terminal:
        return
    loop = draft.settled(draft.named(name)).loop
    assert loop is not None
    items = expansion_of(draft, draft.planned(name)).items
    if _stopping(draft, name, loop):
        _stop_items(draft, name)
    else:
        _fill(draft, name, loop, items)
    progress = draft.progress(name)
    if progress.open == 0 and (progress.begun == len(items) or _stopping(draft, name, loop)):
        _finish(draft, name, items)


def _stopping(draft: Draft, name: str, loop: Loop) -> bool:
    return cancel.stops(draft, draft.planned(name)) or (loop.fail_fast and draft.progress(name).broken)


def _fill(draft: Draft, name: str, loop: Loop, items: tuple[Item, ...]) -> None:
    while not _stopping(draft, name, loop):
        at = draft.cursor(name)
        if at >= len(items) or draft.progress(name).open >= loop.max_parallel:
            return
        draft.cursors[name] = at + 1
        key = StepKey(name, items[at].key)
        if not _has_begun(draft, key):
            draft.put(Step(key))
            begin_item(draft, key)


def _has_begun(draft: Draft, key: StepKey) -> bool:
    found = draft.state_of(key)
    return found is not None and found.status is not Status.PENDING


def _stop_items(draft: Draft, name: str) -> None:
    reason = draft.head.cancel_cause if cancel.stops(draft, draft.planned(name)) else FAIL_FAST
    for key in draft.active():
        if key.path == name and key.item:
            cancel.stop_step(draft, key, reason or "cancelled-by-user")


def _finish(draft: Draft, name: str, items: tuple[Item, ...]) -> None:
    """Items that never began get their end, then the loop gets its own: that of the first item that broke."""
    cancelled = draft.head.cancel_at is not None and cancel.stops(draft, draft.planned(name))
    for item in items:
        key = StepKey(name, item.key)
        if _has_begun(draft, key):
            continue
        draft.put(Step(key))
        if cancelled:
            cancel.end_pending(draft, key)
        else:
            draft.end(key, Status.SKIPPED, "needs-failed", "another item failed")
    ends = [draft.step(StepKey(name, item.key)) for item in items]
    counted = [s for s in ends if not forgiven_item(s)]
    bad = [s for s in counted if s.status is Status.ERRORED] or [s for s in counted if s.status is Status.FAILED]
    if not cancelled:
        bad = bad or [s for s in ends if turned_away(s)]
    if bad:
        first = min(bad, key=lambda s: s.ended_at or 0)
        draft.end(StepKey(name), first.status, first.cause, f"item {first.key.item}: {first.message}")
    elif cancelled:
        cancel.end_pending(draft, StepKey(name))
    else:
        draft.end(StepKey(name), Status.SUCCEEDED)
