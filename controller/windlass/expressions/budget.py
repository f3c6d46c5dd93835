"""What one evaluation may still use, and whether it can be afforded at all.

In: how an expression is built and how large the values are that it names. Out: an ExpressionError before anything is
evaluated when the worst case is over the limits, and a running account for the text functions during it.

The worst case: without loops nothing can be longer than all operands together, since each is used once. A loop repeats
what stands in its brackets, at most as often as its list is long (10,000 times in all, the library sees to that), and
its variable may be used several times, also in loops over a loop's result: `copies` is the product of all that.
"""

from __future__ import annotations

from windlass.errors import ExpressionError
from windlass.expressions.limits import MAX_BOUND, MAX_BYTES, MAX_COLLECTED, MAX_COST, MAX_ITERATIONS
from windlass.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """What of an expression decides its cost; counted once when it is compiled."""

    length: int  # characters of source
    items: int  # of the lists and maps written in it, at most
    tokens: int
    copies: int
    loops: int  # within one another
    looped_tokens: int
    collects: bool  # it has `map` or `filter`
    makes_lists: bool  # by `split` or `fromJson`: of any length


@dataclass(slots=True)
class Demand:
    """The values named, added up over every place that names them."""

    bytes: int = 0
    looped_bytes: int = 0
    items: int = 0


def check_affordable(shape: Shape, demand: Demand) -> None:
    """Raises ExpressionError when the worst case is over the limits."""
    total = demand.bytes + shape.length
    if not shape.loops:
        if total > MAX_BOUND:
            raise ExpressionError("its values are too large together")
        return
    items = demand.items + shape.items
    rounds = MAX_ITERATIONS if shape.makes_lists else min(MAX_ITERATIONS, max(items, 1) ** min(shape.loops, 5))
    if shape.tokens + shape.looped_tokens * rounds > MAX_COST:
        raise ExpressionError("it could take too many steps: loop over less, or less in the loop")
    if shape.copies * (total + rounds * (demand.looped_bytes + shape.length)) > MAX_BOUND:
        raise ExpressionError("its result could become too large: its loops repeat large values")
    if shape.collects and shape.copies * items > MAX_COLLECTED:
        raise ExpressionError(f"`map` and `filter` take lists of at most {MAX_COLLECTED} items in all")


class Account:
    """What the text functions may still make in this evaluation."""

    __slots__ = ("_bytes", "_items")

    def __init__(self, shape: Shape) -> None:
        self._bytes = MAX_BYTES // shape.copies
        self._items = MAX_COLLECTED // shape.copies if shape.collects else MAX_BYTES

    def take(self, size: int, items: int = 0) -> None:
        """Called before something of that size is made. Raises ExpressionError when nothing is left."""
        self._bytes -= size
        self._items -= items
        if self._bytes < 0:
            raise ExpressionError(f"its texts are over {MAX_BYTES // 1024 // 1024} MiB")
        if self._items < 0:
            raise ExpressionError(f"`map` and `filter` take lists of at most {MAX_COLLECTED} items in all")
