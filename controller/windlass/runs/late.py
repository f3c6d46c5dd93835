"""Late values, settled when a step or item begins: from then on they are part of what it is.

In: a draft and a key that begins. Out: the values in `Step.detail`, where
`settled_step` finds them, also after a restart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate
from windlass.plan.late import OF_THE_LOOP, PARSERS
from windlass.plan.values import shown
from windlass.runs.model import Status
from windlass.runs.scope import functions_of, values_for
from windlass.runs.settled import DETAIL

if TYPE_CHECKING:
    from windlass.runs.draft import Draft
    from windlass.runs.model import StepKey


def settle(draft: Draft, key: StepKey, *, loop: bool = False) -> bool:
    """Evaluate what was not known before: of the loop itself, or of a step or item. False: it has ended by that."""
    planned, step = draft.planned(key.path), draft.step(key)
    wanted = {name: text for name, text in planned.late.items() if name.startswith(OF_THE_LOOP) is loop}
    if not wanted or DETAIL in step.detail:
        return True
    values: dict[str, Any] = {}
    for name, text in wanted.items():
        try:
            found = evaluate(text, values_for(draft, planned, key.item), functions_of(draft))
            values[name] = PARSERS[name](found)
        except ValueError as error:
            draft.end(key, Status.ERRORED, "expression", f"{_written(name)}: {error}, not {shown(found)}")
            return False
        except ExpressionError as error:
            draft.end(key, Status.ERRORED, "expression", f"{_written(name)}: {error}")
            return False
    draft.put(replace(step, detail={**step.detail, DETAIL: values}))
    return True


def _written(name: str) -> str:
    """As its author wrote it: `retry.maxDelay`."""
    head, *rest = name.removeprefix(OF_THE_LOOP).split("_")
    return head + "".join(word.title() for word in rest)
