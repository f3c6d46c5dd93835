"""Nested workflows: their names, and the plan and head that a step keeps of the workflow below it.

In: a step that uses a workflow. Out: the path segment that leads to it, its plan and its head. What the values of
`with` came to is frozen in the step (`Step.detail`), so that the same plan comes out after a restart; the plan itself
is made anew from `Plan.uses`, which is frozen too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.plan.graph import texts_in
from windlass.plan.planner import Occasion, make_plan
from windlass.plan.secret_names import environments_of, names_for
from windlass.plan.uses import repository_of
from windlass.runs.model import RunHead, Status, StepKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.plan.model import Nested, Plan
    from windlass.runs.model import Step

DETAIL = "nested"  # where a step keeps the head of the workflow below it
STOP = "stop"  # and why that was told to end
# What a nested head has of its own; all else is the run's.
_OWN = (
    "status",
    "cause",
    "message",
    "inputs",
    "outputs",
    "started_at",
    "ended_at",
    "cancel_at",
    "cancel_cause",
    "killed",
    "phase",
)


def segment(key: StepKey) -> str:
    """The part of a path that leads to what is below a step or an item: `outer`, `outer[eu]`; never with a slash."""
    if not key.item:
        return key.path
    return f"{key.path}[{key.item.replace('%', '%25').replace('/', '%2F')}]"


def leads_to(path: str) -> str:
    """The first segment of a path into a nested workflow; "" for a step of this one."""
    head, slash, _ = path.partition("/")
    return head if slash else ""


def enclosing(path: str) -> list[StepKey]:
    """The steps and items that a path leads through, outermost first, as they are known outside."""
    found, before = [], ""
    for part in path.split("/")[:-1]:
        name, bracket, item = part.partition("[")
        key = item[:-1].replace("%2F", "/").replace("%25", "%") if bracket else ""
        found.append(StepKey(placed(before, name), key))
        before = placed(before, part)
    return found


def placed(prefix: str, path: str) -> str:
    """A name inside as it is known outside."""
    return f"{prefix}/{path}" if prefix else path


def local(prefix: str, key: StepKey) -> StepKey:
    """A key as it is known outside, inside."""
    return StepKey(key.path[len(prefix) + 1 :], key.item) if prefix else key


def depth(prefix: str) -> int:
    return prefix.count("/") + 1 if prefix else 0


def plan_below(plan: Plan, nested: Nested, inputs: Mapping[str, Any]) -> Plan:
    """The plan of a nested workflow. Raises ExpressionError when a value it needs now cannot be evaluated."""
    used = plan.uses[nested.target]
    occasion = Occasion(
        repository=plan.repository,
        commit=plan.commit,
        inputs=inputs,
        event=plan.event,
        env=nested.env,
        runner=nested.runner,
        uses=plan.uses,
        library=used.library,
        branch=plan.branch,
        merged=plan.merged,
    )
    below = make_plan(used.workflow, repository_of(used.settings), occasion)
    lent = names_for(plan, texts_in(dict(nested.values)))
    # hashes of what it uses were answered with its own
    return replace(below, hashes=plan.hashes, lent=lent, lent_from=environments_of(plan, lent))


def head_below(above: RunHead, plan: Plan, inputs: Mapping[str, Any], now: Millis) -> RunHead:
    """A nested workflow at its beginning: it shares the run's id, actor and the moment of `now()`."""
    return RunHead(
        id=above.id,
        repository=above.repository,
        workflow=plan.workflow,
        commit=above.commit,
        status=Status.RUNNING,
        inputs=inputs,
        trigger=above.trigger,
        actor=above.actor,
        created_at=above.created_at,
        started_at=now,
    )


def to_detail(head: RunHead) -> dict[str, Any]:
    """What a step keeps of the head below it: plain values."""
    found = {name: getattr(head, name) for name in _OWN}
    found["status"] = head.status.value
    found["result"] = head.result.value if head.result is not None else None
    return found


def restarted(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a step keeps of a head that is to begin again, with the values it had."""
    fresh = dict.fromkeys(kept)
    fresh |= {"status": Status.QUEUED.value, "inputs": kept["inputs"], "outputs": {}, "killed": False, "phase": "steps"}
    return fresh


def child_of(plan: Plan, above: RunHead, step: Step) -> tuple[Plan, RunHead] | None:
    """The plan and head below a step whose nested workflow has begun, as the ledger has them."""
    kept = step.detail.get(DETAIL)
    nested = plan.step(step.key.path).nested
    if kept is None or nested is None:
        return None
    below = plan_below(plan, nested, kept["inputs"])
    changes = {name: kept[name] for name in _OWN if name in kept}
    changes["status"] = Status(kept["status"])
    changes["result"] = Status(kept["result"]) if kept["result"] is not None else None
    return below, replace(head_below(above, below, kept["inputs"], 0), **changes)
