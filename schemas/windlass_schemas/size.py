"""Sizes and percentages: `1Mi` to bytes, `130%` to 130.

In: `<number><Ki|Mi|Gi>` (fine print, "Durations"), `<number>%`. Out: whole bytes, a whole percentage.
"""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed

SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi)$"
PERCENT_PATTERN = r"^[1-9][0-9]{0,4}%$"
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def parse_size(value: Any) -> int:
    """Bytes. Raises PydanticCustomError `invalid-size`."""
    if isinstance(value, str) and len(value) <= 20 and re.fullmatch(SIZE_PATTERN, value):
        size = Decimal(value[:-2]) * UNITS[value[-2:]]
        if size == int(size):
            return int(size)
    raise PydanticCustomError("invalid-size", "a size is a number and Ki, Mi or Gi, for example 512Ki or 1Mi")


def parse_percent(value: Any) -> int:
    """A percentage as a number. Raises PydanticCustomError `invalid-percent`."""
    if isinstance(value, str) and re.fullmatch(PERCENT_PATTERN, value):
        return int(value[:-1])
    raise PydanticCustomError("invalid-percent", "a percentage is a whole number and %, for example 130%")


SIZE_JSON = {"type": "string", "pattern": SIZE_PATTERN, "examples": ["512Ki", "1Mi"]}
Size = Annotated[int, Parsed(parse_size, SIZE_JSON)]
Percent = Annotated[int, Parsed(parse_percent, {"type": "string", "pattern": PERCENT_PATTERN})]
