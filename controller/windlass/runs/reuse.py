"""Outputs instead of an attempt: a step with `cache: {key, ttl}` asks first whether its key is known.

In: a draft and a step that may begin, later the answer. Out: the step `running` without an attempt and a `Recall`; then
its end as a success with the outputs that were kept, or permission to begin. The question stands in `Step.detail`, so a
restart asks again; what a success leaves to be kept stands there too, for the transaction that records it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, to_text
from windlass.plan.caching import checked_key
from windlass.plan.codec import to_object
from windlass.runs.model import Recall, Recalled, Status
from windlass.runs.scope import functions_of, values_for
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.plan.model import PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.model import Step, StepKey

DETAIL = "reuse"


def asks(planned: PlannedStep, step: Step) -> bool:
    """The step is to ask before it begins, and has not."""
    return planned.cache is not None and planned.cache.ttl is not None and DETAIL not in step.detail


def ask(draft: Draft, key: StepKey) -> None:
    planned, step = draft.planned(key.path), draft.step(key)
    try:
        asked = _asked(draft, planned, key.item)
    except ExpressionError as error:
        draft.end(key, Status.ERRORED, "expression", str(error))
        return
    draft.put(replace(step, status=Status.RUNNING, detail={**step.detail, DETAIL: {**asked, "open": True}}))
    _recall(draft, key, asked)


def ask_again(draft: Draft) -> None:
    """After a restart: answers that nobody recorded are owed again."""
    for key in draft.active():
        asked = draft.step(key).detail.get(DETAIL)
        if asked is not None and asked.get("open"):
            _recall(draft, key, asked)


def _recall(draft: Draft, key: StepKey, asked: Mapping[str, Any]) -> None:
    scope = {name: asked[name] for name in ("workflow", "step", "shape", "ttl")}
    draft.commands.append(Recall(draft.attempt_key(key, 0), draft.plan.repository, cache_key=asked["key"], **scope))


def _asked(draft: Draft, planned: PlannedStep, item: str) -> dict[str, Any]:
    """Raises ExpressionError."""
    cache = planned.cache
    assert cache is not None
    values, functions = values_for(draft, planned, item), functions_of(draft)
    ttl = cache.ttl
    if isinstance(ttl, str):
        ttl = _span(evaluate(ttl, values, functions))
    return {
        "workflow": draft.plan.workflow,
        "step": planned.name,
        "key": checked_key(to_text(evaluate(cache.key, values, functions))),
        "shape": _shape(planned),
        "ttl": ttl,
    }


def _span(value: Any) -> Millis:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ExpressionError(f"cache: ttl: {error}") from error


def _shape(planned: PlannedStep) -> str:
    """A digest of the declared outputs: what was kept for others might not fit them."""
    declared = json.dumps(to_object(dict(planned.outputs)), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(declared.encode()).hexdigest()[:32]


def take(draft: Draft, answer: Recalled) -> StepKey | None:
    """The step that now begins as if it had no cache; None when it has ended, or nobody waits for the answer."""
    key = draft.local(answer.key.step)
    step = draft.state_of(key)
    asked = step.detail.get(DETAIL) if step is not None else None
    if step is None or step.status.terminal or asked is None or not asked.get("open"):
        return None
    settled = {name: value for name, value in asked.items() if name != "open"}
    if answer.outputs is None:
        draft.put(replace(step, detail={**step.detail, DETAIL: settled}))
        return key
    detail = {**step.detail, DETAIL: {**settled, "run": answer.run, "at": answer.made_at}}
    draft.put(
        replace(
            step,
            status=Status.SUCCEEDED,
            outputs=answer.outputs,
            started_at=draft.now,
            ended_at=draft.now,
            detail=detail,
        )
    )
    return None


def to_keep(step: Step) -> Mapping[str, Any] | None:
    """What a step that has just succeeded leaves for later ones: `workflow`, `step`, `key`, `shape`, `ttl`."""
    asked: Mapping[str, Any] | None = step.detail.get(DETAIL)
    if asked is None or step.status is not Status.SUCCEEDED or "run" in asked:
        return None
    return asked
