"""JSON answers by orjson: the objects are plain already, no model stands in between."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


def answer(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status, media_type="application/json")


def items(values: list[Any], following: str | None = None) -> Response:
    return answer({"items": values, "next": following})
