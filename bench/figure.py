"""One measured figure with its goal, its floor and their ratio; and the few ways to take time."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


# Of every process that is measured: bytecode is written and used, as on a user's machine.
ENV = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
LONGEST = 120.0  # seconds for one command


@dataclass(frozen=True)
class Figure:
    """`seen` and `floor` in the same unit; `more` means that greater is better."""

    name: str
    seen: float
    unit: str
    goal: str
    floor: float | None = None
    floor_is: str = ""
    more: bool = False
    note: str = ""

    def ratio(self) -> str:
        if not self.floor or not self.seen:
            return ""
        return f"{(self.floor / self.seen if self.more else self.seen / self.floor):.2f}"

    def line(self) -> str:
        floor = (
            f"  floor {_short(self.floor)} {self.unit} ({self.floor_is})  ratio {self.ratio()}" if self.floor else ""
        )
        note = f"  [{self.note}]" if self.note else ""
        return f"{self.name}: {_short(self.seen)} {self.unit}  goal {self.goal or 'none'}{floor}{note}"

    def row(self) -> str:
        floor = f"{_short(self.floor)} {self.unit}" if self.floor else ""
        name = f"{self.name} ({self.note})" if self.note else self.name
        return (
            f"| {name} | {_short(self.seen)} {self.unit} | {self.goal} | {floor} | {self.floor_is} | {self.ratio()} |"
        )


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_of(work: Callable[[], object], runs: int = 5, warmup: int = 1) -> float:
    """The median seconds of several calls after a warm-up."""
    for _ in range(warmup):
        work()
    return statistics.median(timed(work) for _ in range(runs))


def cost(work: Callable[[], object], runs: int = 1, warmup: int = 0) -> tuple[float, str]:
    """The median seconds of a command, and a note of its CPU time, which busy neighbours change less."""
    took, used = [], []
    for _ in range(warmup):
        work()
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(timed(work))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(took), f"CPU {statistics.median(used) * 1000:,.0f} ms"


def command(words: Sequence[str], **more: object) -> None:
    """A command that must succeed, its output thrown away."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(words, check=True, timeout=LONGEST, **{"env": ENV, **silent, **more})  # type: ignore[call-overload]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
