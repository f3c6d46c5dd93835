"""Fields that take an expression: either their own type, or text that holds `${{ … }}`.

In: plain values. Out: the field's own value (a duration in milliseconds, a boolean…) or the text as written;
`holds_expression` tells them apart. What stands between the braces is compiled and type-checked elsewhere.
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.duration import DURATION_JSON, parse_duration
from windlass_schemas.size import SIZE_JSON, parse_size
from windlass_schemas.written import Parsed

OPENING = "${{"
EXPRESSION_JSON = {"type": "string", "pattern": r"\$\{\{"}
SINGLE_JSON = {"type": "string", "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$"}
SCALAR_JSON = {"type": ["string", "number", "boolean", "null"]}


def holds_expression(value: Any) -> bool:
    """Whether a value is text with at least one `${{`."""
    return isinstance(value, str) and OPENING in value


def is_single_expression(value: Any) -> bool:
    """Whether a value looks like one expression and nothing else, so that it keeps the expression's type."""
    return isinstance(value, str) and (text := value.strip()).startswith(OPENING) and text.endswith("}}")


def or_expression(read: Callable[[Any], Any], json: dict[str, Any]) -> Parsed:
    """The marker of a field that is read by `read`, or is text with an expression."""

    def read_either(value: Any) -> Any:
        return value if holds_expression(value) else read(value)

    return Parsed(read_either, {"anyOf": [json, EXPRESSION_JSON]})


def read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise PydanticCustomError("wrong-type", "write true, false or an expression in ${{ }}")


def read_whole(value: Any, least: int = 1) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise PydanticCustomError(
        "wrong-type", "write a whole number of at least {least}, or an expression in ${{ }}", {"least": least}
    )


def read_whole_from_zero(value: Any) -> int:
    return read_whole(value, 0)


def read_number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 1000:  # refuses nan
        return float(value)
    raise PydanticCustomError("wrong-type", "write a number from 1 to 1000, or an expression in ${{ }}")


def read_condition(value: Any) -> bool | str:
    """An `if` (fine print, "Files"): a boolean or one expression."""
    if isinstance(value, bool) or is_single_expression(value):
        return value  # type: ignore[no-any-return]
    raise PydanticCustomError("invalid-condition", "if takes true, false or one ${{ }}; other text is an error")


def read_single(value: Any) -> str:
    if is_single_expression(value):
        return value  # type: ignore[no-any-return]
    raise PydanticCustomError("expression-expected", "write one expression in ${{ }}")


def read_templated(value: Any) -> str:
    if holds_expression(value):
        return value  # type: ignore[no-any-return]
    raise PydanticCustomError("expression-expected", "write text that holds an expression in ${{ }}")


def read_scalar(value: Any) -> str | int | float | bool | None:
    """A value of `env` and its like: any scalar, kept as it is; null unsets."""
    if value is None or isinstance(value, str | int | float):
        return value
    raise PydanticCustomError("wrong-type", "write text, a number, true, false or null here, no list and no map")


Scalar = Annotated[str | int | float | bool | None, Parsed(read_scalar, SCALAR_JSON)]
Condition = Annotated[bool | str, Parsed(read_condition, {"anyOf": [{"type": "boolean"}, SINGLE_JSON]})]
SingleExpression = Annotated[str, Parsed(read_single, SINGLE_JSON)]
Templated = Annotated[str, Parsed(read_templated, EXPRESSION_JSON)]
FlagOrExpression = Annotated[bool | str, or_expression(read_flag, {"type": "boolean"})]
CountOrExpression = Annotated[int | str, or_expression(read_whole, {"type": "integer", "minimum": 1})]
FactorOrExpression = Annotated[
    float | str, or_expression(read_number, {"type": "number", "minimum": 1, "maximum": 1000})
]
ExitCodeOrExpression = Annotated[int | str, or_expression(read_whole_from_zero, {"type": "integer", "minimum": 0})]
DurationOrExpression = Annotated[int | str, or_expression(parse_duration, DURATION_JSON)]
SizeOrExpression = Annotated[int | str, or_expression(parse_size, SIZE_JSON)]
