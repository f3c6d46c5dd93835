"""Spans as people read them: 600000 ms is `10m`. The written form is parsed by the schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis

UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def for_people(span: Millis) -> str:
    """`1h30m`, `10s`, `0s`: the same grammar that workflows use."""
    parts = []
    for unit, size in UNITS:
        count, span = divmod(span, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
