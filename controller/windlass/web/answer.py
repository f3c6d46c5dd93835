"""JSON answers by orjson: the objects are plain already, no model stands in between."""

from __future__ import annotations

import json
from typing import Any

import orjson
from starlette.responses import Response


def answer(value: Any, status: int = 200) -> Response:
    return Response(_json(value), status, media_type="application/json")


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a whole number of more than 64 bits, which JSON may hold
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def items(values: list[Any], following: str | None = None) -> Response:
    return answer({"items": values, "next": following})
