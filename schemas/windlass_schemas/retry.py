"""When a failed attempt is followed by another one."""

from pydantic import Field

from windlass_schemas.expression import (
    CountOrExpression,
    DurationOrExpression,
    ExitCodeOrExpression,
    FactorOrExpression,
)
from windlass_schemas.written import Maybe, Text, Written


class Retry(Written):
    """How often and when a step is tried again."""

    attempts: CountOrExpression = Field(default=1, description="Attempts in all; 1 means no retry.")
    delay: DurationOrExpression = Field(
        default=10_000, description="Pause before the second attempt.", json_schema_extra={"default": "10s"}
    )
    factor: FactorOrExpression = Field(default=1.0, description="Each pause is this many times the one before it.")
    max_delay: Maybe[DurationOrExpression] = Field(default=None, description="The longest pause.")
    on: tuple[Text, ...] = Field(
        default=("failed", "errored"),
        description="Statuses and causes that are tried again.",
        examples=[["errored", "timeout"]],
    )
    exit_codes: tuple[ExitCodeOrExpression, ...] = Field(
        default=(), description="Exit codes that are tried again, beside those of `on`.", examples=[[75]]
    )
    never: tuple[ExitCodeOrExpression, ...] = Field(
        default=(), description="Exit codes that are never tried again, whatever else is said.", examples=[[42]]
    )
