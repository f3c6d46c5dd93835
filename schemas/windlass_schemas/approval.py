"""Approvals and waits: steps in which a person or the clock decides."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.expression import CountOrExpression, DurationOrExpression, or_expression
from windlass_schemas.inputs import Inputs
from windlass_schemas.local_time import MOMENT_JSON, read_moment
from windlass_schemas.written import Maybe, Text, Written, exactly_one, published


class Approval(Written):
    """Who must agree before the run goes on, and what they are asked."""

    by: tuple[Text, ...] = Field(
        default=(),
        description="Users and groups who may approve; without any, everyone who may start the run.",
        examples=[["group:ops"]],
    )
    not_by: tuple[Text, ...] = Field(
        default=(), description="Who may not, even if in `by`; `initiator` is whoever started the run."
    )
    minimum: CountOrExpression = Field(default=1, description="How many different people must approve.")
    message: Maybe[Text] = Field(default=None, description="The question that is shown; takes expressions.")
    inputs: Inputs = Field(default_factory=dict, description="What is asked; the answers are the step's outputs.")
    timeout: Maybe[DurationOrExpression] = Field(
        default=None, description="How long to wait for an answer; for ever when absent."
    )
    on_timeout: Literal["reject", "approve"] = Field(
        default="reject", description="The answer when nobody gave one in time."
    )


class Wait(Written):
    """Waits for a span of time or until a moment, without holding a process."""

    model_config = published(**exactly_one("for", "until"))

    for_: Maybe[DurationOrExpression] = Field(default=None, alias="for", description="How long to wait.")
    until: Maybe[Annotated[str, or_expression(read_moment, MOMENT_JSON)]] = Field(
        default=None, description="The moment to wait for: RFC 3339 or an expression."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.for_ is None) == (self.until is None):
            raise PydanticCustomError("wait-kind", "wait has exactly one of for and until")
        return self
