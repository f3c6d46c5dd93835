"""Read what a step wrote to $WINDLASS_OUTPUT.

In: the bytes of the file and the declarations. Out: typed values, or an OutputError with one of the causes
`output-missing`, `output-undeclared`, `output-type`, `output-too-large`. The format: `windlass.assignments`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.assignments import read_assignments
from windlass.plan.values import ValueMismatchError, fit, from_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.plan.model import PlannedStep

TOGETHER = 4096  # bytes: the size of a termination message, the same limit everywhere (design decision 8)
MOST = 64 * 1024 * 1024


class OutputError(Exception):
    """What is wrong with the outputs; `cause` is a stable code."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def read_limit(planned: PlannedStep) -> int:
    """How many bytes of the file are worth reading: names, `=` and the format's overhead beside the values."""
    sized = [spec.size for spec in planned.outputs.values() if spec.size is not None]
    if not sized:
        return TOGETHER
    return min(2 * (TOGETHER + sum(sized)) + 4096, MOST)


def read_outputs(planned: PlannedStep, raw: bytes, *, partial: bool = False) -> dict[str, Any]:
    """The typed outputs. `partial`: keep what fits and drop the rest (an attempt that failed anyway)."""
    written = _written(_text(planned, raw), partial)
    result: dict[str, Any] = {}
    for name, value in written.items():
        try:
            result[name] = _declared(planned, name, value)
        except OutputError:
            if not partial:
                raise
    if not partial:
        missing = [n for n, spec in planned.outputs.items() if n not in result and not _optional(spec.schema)]
        if missing:
            raise OutputError("output-missing", f"declared but not written: {', '.join(missing)}")
    _check_sizes(planned, written)
    return result


def written(raw: bytes) -> dict[str, Any]:
    """Whatever can be read of the names and values that a step wrote, unchecked."""
    return _written(raw.decode("utf-8", "replace"), partial=True)


def _text(planned: PlannedStep, raw: bytes) -> str:
    if len(raw) > read_limit(planned):
        raise OutputError("output-too-large", f"outputs are larger than {read_limit(planned)} bytes in all")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OutputError("output-type", f"outputs are not UTF-8 (byte {error.start})") from error


def _written(text: str, partial: bool) -> dict[str, Any]:
    try:
        return read_assignments(text, "$WINDLASS_OUTPUT", partial=partial)
    except ValueError as error:
        raise OutputError("output-type", str(error)) from error


def _optional(schema: Mapping[str, Any]) -> bool:
    return schema.get("required") is False


def _declared(planned: PlannedStep, name: str, value: Any) -> Any:
    spec = planned.outputs.get(name)
    if spec is None:
        known = ", ".join(planned.outputs) or "none"
        raise OutputError("output-undeclared", f"output {name} is not declared (declared: {known})")
    return typed(spec.schema, value, name)


def typed(schema: Mapping[str, Any], value: Any, name: str = "value") -> Any:
    """A written value (text or JSON) as its declared type. Raises OutputError `output-type`."""
    try:
        if isinstance(value, str) and schema.get("type", "string") != "string":
            value = from_text(schema, value)
        return fit(schema, value)
    except ValueMismatchError as error:
        raise OutputError("output-type", f"output {name}: {error}") from error


def _check_sizes(planned: PlannedStep, written: Mapping[str, Any]) -> None:
    together = 0
    for name, value in written.items():
        size = len(name) + 1 + len((value if isinstance(value, str) else json.dumps(value)).encode())
        spec = planned.outputs.get(name)
        if spec is not None and spec.size is not None:
            if size > spec.size + len(name) + 1:
                raise OutputError("output-too-large", f"output {name} is larger than its size of {spec.size} bytes")
        else:
            together += size
    if together > TOGETHER:
        message = f"outputs without a size are {together} bytes together; the limit is {TOGETHER}"
        raise OutputError("output-too-large", message)
