"""The names and functions that a step's expressions see.

In: the draft. Out: nested plain values (`inputs`, `env`, `event`, `run`, `repository`, `steps`) and functions. Only
steps that the expression may refer to are put in: a reference is a dependency, so these are few but in `finally`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    from collections.abc import Iterable, Iterator

    from windlass.plan.model import EnvLayer, PlannedStep
    from windlass.runs.draft import Draft
    from windlass.runs.expand import Expansion


def values_for(draft: Draft, planned: PlannedStep, item: str = "") -> Values:
    """For a step, or for one item of its loop: `item`, `index` and `matrix` beside the other names.

    Those of `finally` see every step: all of `steps` is over, so they need not wait for any.
    """
    seen: Iterable[str] = {*planned.needs, *planned.reads}
    if planned.section == "finally":
        seen = {*seen, *draft.plan.steps}
    return Values(draft, seen, expansion_of(draft, planned).by_key[item].names if item else None)


def expansion_of(draft: Draft, planned: PlannedStep) -> Expansion:
    """A loop's items, expanded once and remembered. Raises ExpressionError."""
    found = draft.expansion(planned.name)
    if found is None:
        assert planned.loop is not None
        found = expand(planned.loop, values_for(draft, planned), functions_of(draft))
        draft.expansions[planned.name] = found
    return found


def scope_values(draft: Draft, steps: Iterable[str]) -> Values:
    return Values(draft, steps)


class Values(Mapping[str, Any]):
    """What the names stand for, each made when an expression first asks for it: most steps have none."""

    __slots__ = ("_draft", "_made", "_steps")

    def __init__(self, draft: Draft, steps: Iterable[str], more: Mapping[str, Any] | None = None) -> None:
        """`more`: further names, of an item."""
        self._draft = draft
        self._steps = steps
        self._made: dict[str, Any] = dict(more or {})

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _MAKERS[name](self, self._draft)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in _MAKERS

    def __iter__(self) -> Iterator[str]:
        return iter({**_MAKERS, **self._made})

    def __len__(self) -> int:
        return len({*_MAKERS, *self._made})

    def steps(self) -> dict[str, Any]:
        return {name: _step_value(self._draft, name) for name in self._steps}


def _run_value(draft: Draft) -> dict[str, Any]:
    plan, head = draft.plan, draft.head
    return {
        "id": head.id,
        "commit": plan.commit,
        "status": provisional_status(draft).value,
        "startedAt": to_rfc3339(head.started_at) if head.started_at is not None else None,
        "createdAt": to_rfc3339(head.created_at),
        "actor": head.actor.get("name"),
        "workflow": plan.workflow,
        "trigger": head.trigger.get("kind"),
    }


_MAKERS: dict[str, Callable[[Values, Draft], Any]] = {
    "inputs": lambda _, draft: draft.plan.inputs,
    "event": lambda _, draft: draft.plan.event,
    "repository": lambda _, draft: {"name": draft.plan.repository},
    "run": lambda _, draft: _run_value(draft),
    "steps": lambda values, _: values.steps(),
    "secrets": lambda _, draft: secret_values(draft.plan),
    "env": lambda values, draft: layered(draft.plan.env, values, functions_of(draft)),
}


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
    layers: Iterable[EnvLayer], values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
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
