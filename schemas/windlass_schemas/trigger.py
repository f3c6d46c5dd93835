"""What all triggers have in common."""

from typing import Any

from pydantic import Field

from windlass_schemas.command import Env
from windlass_schemas.expression import Condition
from windlass_schemas.names import ValueName
from windlass_schemas.written import Flag, Maybe, Written


class Trigger(Written):
    """One entry of a list under `triggers`."""

    enabled: Flag = Field(default=True, description="Whether the trigger fires at all.")
    if_: Maybe[Condition] = Field(
        default=None, alias="if", description="Whether an event starts a run; `event` is known."
    )
    inputs: dict[ValueName, Any] = Field(default_factory=dict, description="Inputs of the run; take expressions.")
    env: Env = Field(
        default_factory=dict, description="Environment of the run, the strongest layer; takes expressions."
    )
