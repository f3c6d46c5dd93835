"""Pages of lists that are held in memory, by name: the cursor is the last name, in a form that asks to be left alone.

In: a request. Out: where to go on, and a cursor for the next page. A forged one is 400.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from windlass.web.context import number
from windlass.web.problem import Refused

if TYPE_CHECKING:
    from fastapi import Request

PAGE = {"cursor": "string: `next` of the page before", "limit": "integer: 1 to 500, default 50"}
LONGEST = 4096


def limit_of(request: Request) -> int:
    return number(request, "limit", 50, low=1, high=500)


def to_cursor(*place: str) -> str:
    return base64.urlsafe_b64encode("/".join(place).encode()).decode().rstrip("=")


def place_of(request: Request, parts: int) -> tuple[str, ...] | None:
    """The place that `to_cursor` was given; None without a cursor. Raises Refused."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        place = tuple(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().split("/"))
    except (binascii.Error, ValueError):
        place = ()
    if len(place) != parts or len(text) > LONGEST or to_cursor(*place) != text:
        raise Refused(400, "the cursor is not one of ours")
    return place
