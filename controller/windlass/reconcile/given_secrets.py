"""Secret inputs: taken out of what is planned and recorded, before anything is made of it.

In: a workflow and its checked inputs. Out: the values by the name of their placeholder, and the inputs with
placeholders in their place. From here on only the sealed values (`Seal`) and the attempt that needs them know them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from windlass.errors import InputError, InputProblem
from windlass.plan.placeholders import placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import Plan
    from windlass_schemas.workflow import Workflow

# (run, name, value) -> what the ledger may keep
Seal = Callable[[str, str, str], bytes]


def withheld(workflow: Workflow, given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """(values, inputs). Raises InputError for a value that is too short to be hidden in a log."""
    names = [name for name, declared in workflow.inputs.items() if declared.type == "secret" and given.get(name)]
    if not names:
        return {}, dict(given)
    from windlass.masking import SHORTEST

    short = [name for name in names if len(given[name]) < SHORTEST]
    if short:
        message = f"a secret has at least {SHORTEST} characters: a shorter one could not be hidden in logs"
        raise InputError([InputProblem(f"/inputs/{name}", message) for name in short])
    inputs = {**given, **{name: placeholder(f"inputs.{name}") for name in names}}
    return {f"inputs.{name}": given[name] for name in names}, inputs


def had_secrets(plan: Plan) -> list[str]:
    """The secret inputs that a run was given: their values are gone with its end."""
    return [name for name in plan.secret_inputs if plan.inputs.get(name) is not None]
