"""Functions against what exists and what a place allows.

In: the calls of an expression and its scope. Out: mistakes with the likely intention.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from windlass.expressions.functions import GIVEN, GLOBALS, METHODS, STATUS_FUNCTIONS
from windlass.expressions.tokens import Wrong

if TYPE_CHECKING:
    from windlass.expressions.reading import Call, Reading
    from windlass.expressions.types import Scope


def call_mistakes(reading: Reading, scope: Scope) -> list[Wrong]:
    """Calls of functions that do not exist, or not in this place."""
    wrongs = []
    for call in reading.calls:
        if not call.member and call.name in GIVEN and call.name not in scope.functions:
            where = "in `if`" if call.name in STATUS_FUNCTIONS else "where a step runs"
            message = scope.absent.get(f"{call.name}()", f"{call.name}() is only allowed {where}")
            wrongs.append(Wrong(call.start, len(call.name), "function-not-allowed", message))
        elif call.name not in (METHODS if call.member else GLOBALS | GIVEN):
            message = f"unknown function `{call.name}`"
            wrongs.append(Wrong(call.start, len(call.name), "unknown-function", message, _hint(call, scope)))
    return wrongs


def _hint(call: Call, scope: Scope) -> str | None:
    there, elsewhere = (METHODS, GLOBALS) if call.member else (GLOBALS | scope.functions, METHODS)
    if call.name == "format":
        return "write format('{0} of {1}', a, b)"
    if call.name in elsewhere:
        return f"write {call.name}(x)" if call.member else f"write x.{call.name}(…)"
    lowered = {name.lower(): name for name in there}
    close = get_close_matches(call.name.lower(), lowered, n=1)
    return f"did you mean {lowered[close[0]]}?" if close else None
