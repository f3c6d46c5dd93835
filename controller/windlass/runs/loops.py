"""The life of a loop: its items start in order, at most so many at once; its own end follows from theirs.

In: a draft. Out: item steps beside their loop's step. The loop's step is `running` without attempts of its own; what is
known of its items (how many began, how many are open, whether one broke) is counted, not searched, so that ten thousand
items cost what ten thousand single steps cost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import ExpressionError
from windlass.runs import cancel
from windlass.runs.begin import begin as begin_item
from windlass.runs.model import Status, Step, StepKey
from windlass.runs.scope import expansion_of

if TYPE_CHECKING:
    from windlass.plan.loop import Loop
    from windlass.runs.draft import Draft
    from windlass.runs.expand import Item

FAIL_FAST = "fail-fast"


def begin(draft: Draft, name: str) -> None:
    try:
        items = expansion_of(draft, draft.planned(name)).items
    except ExpressionError as error:
        draft.end(StepKey(name), Status.ERRORED, "expression", str(error))
        return
    step = draft.step(StepKey(name))
    draft.put(replace(step, status=Status.RUNNING, started_at=draft.now))
    if not items:
        draft.end(StepKey(name), Status.SUCCEEDED)
        return
    advance(draft, name)


def advance(draft: Draft, name: str) -> None:
    """After something happened to its items: stop, start more, or end."""
    if draft.step(StepKey(name)).status.terminal:
        return
    loop = draft.planned(name).loop
    assert loop is not None
    items = expansion_of(draft, draft.planned(name)).items
    if _stopping(draft, name, loop):
        _stop_items(draft, name, items)
    else:
        _fill(draft, name, loop, items)
    progress = draft.progress(name)
    if progress.open == 0 and (progress.begun == len(items) or _stopping(draft, name, loop)):
        _finish(draft, name, items)


def _stopping(draft: Draft, name: str, loop: Loop) -> bool:
    return cancel.stops(draft, draft.planned(name)) or (loop.fail_fast and draft.progress(name).broken)


def _fill(draft: Draft, name: str, loop: Loop, items: tuple[Item, ...]) -> None:
    while not _stopping(draft, name, loop):
        progress = draft.progress(name)
        if progress.begun >= len(items) or progress.open >= loop.max_parallel:
            return
        key = StepKey(name, items[progress.begun].key)
        draft.put(Step(key))
        begin_item(draft, key)


def _stop_items(draft: Draft, name: str, items: tuple[Item, ...]) -> None:
    reason = draft.head.cancel_cause if cancel.stops(draft, draft.planned(name)) else FAIL_FAST
    for item in items[: draft.progress(name).begun]:
        key = StepKey(name, item.key)
        if not draft.step(key).status.terminal:
            cancel.stop_step(draft, key, reason or "cancelled-by-user")


def _finish(draft: Draft, name: str, items: tuple[Item, ...]) -> None:
    """Items that never began get their end, then the loop gets its own: that of the first item that broke."""
    cancelled = draft.head.cancel_at is not None and cancel.stops(draft, draft.planned(name))
    for item in items[draft.progress(name).begun :]:
        draft.put(Step(StepKey(name, item.key)))
        if cancelled:
            cancel.end_pending(draft, StepKey(name, item.key))
        else:
            draft.end(StepKey(name, item.key), Status.SKIPPED, "needs-failed", "another item failed")
    ends = [draft.step(StepKey(name, item.key)) for item in items]
    bad = [s for s in ends if s.status is Status.ERRORED] or [s for s in ends if s.status is Status.FAILED]
    if bad:
        first = min(bad, key=lambda s: s.ended_at or 0)
        draft.end(StepKey(name), first.status, first.cause, f"item {first.key.item}: {first.message}")
    elif cancelled:
        cancel.end_pending(draft, StepKey(name))
    else:
        draft.end(StepKey(name), Status.SUCCEEDED)
