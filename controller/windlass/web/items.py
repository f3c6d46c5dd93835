"""The items of loops, page by page: a run object lists the first ones, and says where to go on.

In: run objects; a request for a page. Out: the same with at most so many items for each loop, `itemsNext` being the
cursor of the following ones (null: these are all); pages of items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request

from windlass.web.answer import items
from windlass.web.context import views_of
from windlass.web.described import described
from windlass.web.paging import PAGE, limit_of, place_of, to_cursor
from windlass.web.shapes import ItemList

if TYPE_CHECKING:
    from starlette.responses import Response

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])
MOST = 500  # of each loop in one answer


@router.get("/{run}/steps/{step:path}/items", **described({200: ItemList}, query=PAGE, refusals=(400, 404)))
def loop_items(request: Request, run: str, step: str) -> Response:
    """The items of a loop, in order; `next` is the cursor of the following page."""
    place, limit = place_of(request, 1), limit_of(request)
    after = unquote(place[0]) if place is not None else ""
    found = views_of(request).items(run, step, after, limit + 1)
    following = _cursor(found[limit - 1]) if len(found) > limit else None
    listed = found[:limit]
    for item in listed:
        _shorten(item.get("steps") or {}, MOST)
    return items(listed, following)


def shortened(run: dict[str, Any], most: int = MOST) -> dict[str, Any]:
    """The run object with at most so many items for each loop."""
    _shorten(run["steps"], most)
    return run


def _shorten(steps: dict[str, Any], most: int) -> None:
    for step in steps.values():
        if step["items"] is not None:
            step["itemsNext"] = _cursor(step["items"][most - 1]) if len(step["items"]) > most else None
            del step["items"][most:]
        for of in (step, *(step["items"] or ())):
            _shorten(of.get("steps") or {}, most)


def _cursor(item: dict[str, Any]) -> str:
    return to_cursor(quote(item["key"], safe=""))
