"""Loops: one step for each item of a list, or for each cell of a matrix."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.expression import SINGLE_JSON, SingleExpression, is_single_expression
from windlass_schemas.names import ValueName
from windlass_schemas.written import Branches, Parsed, Written

FOR_EACH_JSON = {"anyOf": [SINGLE_JSON, {"type": "integer", "minimum": 0}, {"type": "array"}, {"type": "object"}]}


def read_for_each(value: Any) -> Any:
    """One expression, a count, a list or a map (fine print, "Loops"). Raises `invalid-for-each`."""
    if is_single_expression(value) or isinstance(value, list | dict):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise PydanticCustomError("invalid-for-each", "forEach takes a list, a map, a count or one expression in ${{ }}")


Axis = Annotated[tuple[Any, ...], Field(min_length=1)]


def _axis(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return Axis
    if is_single_expression(value):
        return SingleExpression
    raise PydanticCustomError("invalid-matrix", "an axis of a matrix is a list of values or one expression in ${{ }}")


AxisValues = Annotated[str | tuple[Any, ...], Branches(_axis, (Axis, SingleExpression))]
Cells = tuple[dict[ValueName, Any], ...]


def _cells(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return Cells
    if is_single_expression(value):
        return SingleExpression
    raise PydanticCustomError("invalid-matrix", "write a list of maps from axis to value, or one expression in ${{ }}")


CellList = Annotated[str | tuple[dict[str, Any], ...], Branches(_cells, (Cells, SingleExpression))]


class Matrix(Written):
    """Named axes; the step runs once for each combination. Every key but include and exclude is an axis."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, AxisValues]

    include: CellList = Field(default=(), description="Cells or values that are added.")
    exclude: CellList = Field(default=(), description="Cells that have all these values go.")

    @model_validator(mode="after")
    def _has_cells(self) -> Self:
        if not self.axes and not self.include:
            raise PydanticCustomError("invalid-matrix", "a matrix needs at least one axis, or include")
        return self

    @property
    def axes(self) -> dict[str, str | tuple[Any, ...]]:
        """Axis to its values, or to the expression that gives them, in written order."""
        return dict(self.__pydantic_extra__ or {})


def _matrix(value: Any) -> Any:
    if isinstance(value, dict):
        return Matrix
    if is_single_expression(value):
        return SingleExpression
    raise PydanticCustomError("invalid-matrix", "matrix is a map from axis to values, or one expression in ${{ }}")


ForEach = Annotated[Any, Parsed(read_for_each, FOR_EACH_JSON)]
MatrixOrExpression = Annotated[str | Matrix, Branches(_matrix, (Matrix, SingleExpression))]
