"""The names and functions that a step's expressions see.

In: the draft. Out: nested plain values (`inputs`, `env`, `event`, `run`, `repository`, `steps`) and functions. Only
steps that the expression may refer to are put in: a reference is a dependency, so these are few but in `finally`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.expressions import evaluate, to_text
from windlass.plan.hashes import hashed
from windlass.plan.secret_names import secret_values
from windlass.runs.artifacts import references, references_of_items
from windlass.runs.expand import expand
from windlass.runs.model import Status
from windlass.runs.state import turned_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from windlass.plan.model import EnvLayer, PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.expand import Expansion


def values_for(draft: Draft, planned: PlannedStep, item: str = "") -> dict[str, Any]:
    """For a step, or for one item of its loop: `item`, `index` and `matrix` beside the other names.

    Those of `finally` see every step: all of `steps` is over, so they need not wait for any.
    """
    seen = {*planned.needs, *planned.reads}
    values = scope_values(draft, seen.union(draft.plan.steps) if planned.section == "finally" else seen)
    if item:
        values |= expansion_of(draft, planned).by_key[item].names
    return values


def expansion_of(draft: Draft, planned: PlannedStep) -> Expansion:
    """A loop's items, expanded once and remembered. Raises ExpressionError."""
    found = draft.expansion(planned.name)
    if found is None:
        assert planned.loop is not None
        found = expand(planned.loop, values_for(draft, planned), functions_of(draft))
        draft.expansions[planned.name] = found
    return found


def scope_values(draft: Draft, steps: Iterable[str]) -> dict[str, Any]:
    plan, head = draft.plan, draft.head
    values: dict[str, Any] = {
        "inputs": plan.inputs,
        "event": plan.event,
        "repository": {"name": plan.repository},
        "run": {
            "id": head.id,
            "commit": plan.commit,
            "status": provisional_status(draft).value,
            "startedAt": to_rfc3339(head.started_at) if head.started_at is not None else None,
            "createdAt": to_rfc3339(head.created_at),
            "actor": head.actor.get("name"),
            "workflow": plan.workflow,
            "trigger": head.trigger.get("kind"),
        },
        "steps": {name: _step_value(draft, name) for name in steps},
        "secrets": secret_values(plan) if plan.secrets else {},
    }
    values["env"] = layered(plan.env, values, functions_of(draft))
    return values


def _step_value(draft: Draft, name: str) -> dict[str, Any]:
    step = draft.named(name)
    loop = draft.planned(name).loop
    if loop is None:
        found = {"status": step.status.value, "outputs": dict(step.outputs)}
        return found | {"artifacts": references(draft, step)}
    return {
        "status": step.status.value,
        "items": _items(draft, name),
        "artifacts": references_of_items(draft, draft.planned(name)),
    }


def _items(draft: Draft, name: str) -> list[dict[str, Any]]:
    """`steps.NAME.items`: each item's key, status and outputs, in order; those of a restart as the ledger has them."""
    found = []
    for key in draft.item_keys(name):
        step = draft.step(key)
        value = {"key": key.item, "status": step.status.value, "outputs": dict(step.outputs)}
        found.append(value | {"artifacts": references(draft, step)})
    return found


def layered(
    layers: Iterable[EnvLayer], values: dict[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> dict[str, str]:
    """The layers laid over one another, weakest first; null unsets. Raises ExpressionError.

    The trigger's layer is text already, some of it from whoever sent an event: it is never evaluated (catalogue W11).
    Nor is an action's, which knows nothing of the workflow.
    """
    result: dict[str, str] = {}
    for layer in layers:
        literal = layer.name in ("trigger", "action")
        for name, value in layer.values.items():
            if value is None:
                result.pop(name, None)
            elif isinstance(value, str) and not literal:
                result[name] = to_text(evaluate(value, values, functions))
            else:
                result[name] = to_text(value)
    return result


def unset_by(layers: Iterable[EnvLayer]) -> tuple[str, ...]:
    """The names whose last word is null."""
    last = {name: value for layer in layers for name, value in layer.values.items()}
    return tuple(name for name, value in last.items() if value is None)


def functions_of(draft: Draft) -> dict[str, Callable[..., Any]]:
    return {
        "now": lambda: to_rfc3339(draft.head.created_at),
        "hashFiles": lambda *globs: hashed(draft.plan.hashes, globs),
    }


def condition_functions(draft: Draft, planned: PlannedStep) -> dict[str, Callable[..., Any]]:
    """`success()` and the like: about the dependencies, in `finally` about the run (language, "Order")."""
    in_finally = planned.section == "finally"
    status = provisional_status(draft)

    def success() -> bool:
        if in_finally:
            return status is Status.SUCCEEDED
        return all(_counts_as_success(draft, name) for name in planned.needs)

    def failure() -> bool:
        if in_finally:
            return status in (Status.FAILED, Status.ERRORED)
        return draft.is_tainted(planned.name)

    return {
        **functions_of(draft),
        "success": success,
        "failure": failure,
        "cancelled": lambda: status is Status.CANCELLED,
        "always": lambda: True,
    }


def _counts_as_success(draft: Draft, name: str) -> bool:
    step = draft.named(name)
    if step.status is Status.SKIPPED:
        return step.cause == "if-false"
    if step.status is Status.SUCCEEDED:
        return True
    ended_badly = step.status in (Status.FAILED, Status.ERRORED) or turned_away(step)
    return ended_badly and draft.settled(step).continue_on_error


def provisional_status(draft: Draft) -> Status:
    """The status the run is going to end with, as far as is known: `finally` and notifications read it."""
    head = draft.head
    if head.phase == "steps" and head.cancel_at is None:
        return Status.RUNNING
    if head.cancel_at is not None:
        return Status.FAILED if head.cancel_cause == "deadline" else Status.CANCELLED
    return head.result or Status.SUCCEEDED
