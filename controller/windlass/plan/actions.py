"""What a step runs that uses an action: its program, and the values that it is given.

In: a used action, the step that names it. Out: script, file name and words; `Given`. The action's own keys are its
author's: of the step's they yield only to `image`, and the defaults of a workflow never change its shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.plan.model import Given
from windlass.plan.shells import SHELL_OF_ENDING, SHELLS, program, shell_of, words

if TYPE_CHECKING:
    from windlass.plan.uses import Used
    from windlass_schemas.action import Action
    from windlass_schemas.step import Step


def action_program(used: Used, action: Action) -> tuple[str | None, str, tuple[Any, ...]]:
    """Script, its file's name, and the program's words. An entrypoint says by its ending what runs it."""
    if action.command is not None:
        return None, "script", (*words(action.command), *words(action.args))
    if action.entrypoint is None:
        assert isinstance(action.run, str)
        return program(action.run, shell_of(action.shell or "bash"))
    assert used.script is not None
    stem, dot, ending = action.entrypoint.rpartition("/")[2].rpartition(".")
    ending = dot + ending if stem else ""
    shell = shell_of(action.shell) if action.shell is not None else SHELLS[SHELL_OF_ENDING.get(ending, "bash")]
    text, name, argv = program(used.script, shell)
    return text, f"script{ending}" if ending else name, argv


def given_to(step: Step, used: Used) -> Given:
    return Given(step.uses or "", dict(step.with_), dict(used.document.get("inputs") or {}))
