"""What a step runs that uses an action: its program, and the values that it is given.

In: a used action, the step that names it. Out: a `Program`; `Given`. The action's own keys are its
author's: of the step's they yield only to `image`, and the defaults of a workflow never change its shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.plan.model import Given
from windlass.plan.program import Program, program_of
from windlass.plan.shells import SHELL_OF_ENDING, SHELLS, program, shell_of
from windlass.plan.uses import target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Millis
    from windlass.plan.uses import Used
    from windlass_schemas.action import Action
    from windlass_schemas.step import Step


FOLDER = "action"  # below an attempt's own folder: the files of an action whose script does not stand alone


def action_program(used: Used, action: Action, duration: Callable[[Any], Millis | None]) -> Program:
    """An entrypoint says by its ending what runs it. `duration` as for `program_of`."""
    if action.entrypoint is None:
        return program_of(action, action.shell, duration)
    assert used.script is not None
    stem, dot, ending = action.entrypoint.rpartition("/")[2].rpartition(".")
    ending = dot + ending if stem else ""
    shell = shell_of(action.shell) if action.shell is not None else SHELLS[SHELL_OF_ENDING.get(ending, "bash")]
    text, name, argv = program(used.script, shell)
    if used.files:  # it stands among them, as in the repository
        return Program(text, f"{FOLDER}/{action.entrypoint}", argv)
    return Program(text, f"script{ending}" if ending else name, argv)


def given_to(step: Step, used: Used, library: str | None) -> Given:
    """`library`: where the step stands."""
    return Given(target_of(step.uses or "", library), dict(step.with_), dict(used.document.get("inputs") or {}))
