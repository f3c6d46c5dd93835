"""`every: 15m`: ticks at the multiples of a span since 1970-01-01T00:00Z.

In: the span in milliseconds. Out: a `Rhythm`. Ticks hang on the epoch and not on a start: a restart changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis

SHORTEST: Millis = 1000


@dataclass(frozen=True, slots=True)
class Every:
    """`span` in milliseconds, at least one second (ValueError otherwise)."""

    span: Millis

    def __post_init__(self) -> None:
        if self.span < SHORTEST:
            raise ValueError("`every` is at least 1s")

    def next_after(self, after: Millis) -> Millis:
        return (after // self.span + 1) * self.span
