"""A controller that does not lead any more starts nothing, however late a start comes (R26)."""

from __future__ import annotations

from windlass.executors.gate import Gate
from windlass.executors.held import HeldExecutor
from windlass.runs.model import AttemptKey, Launch, Stop


def launch(step: str) -> Launch:
    return Launch(AttemptKey("run", step, "", 1), "held", ("true",), {})


def test_a_start_that_comes_too_late_goes_nowhere() -> None:
    leads = True
    held = HeldExecutor(lambda _: None)
    gate = Gate(held, lambda: leads)  # type: ignore[arg-type] # held attempts have no folder, and none is asked for
    first, late = launch("first"), launch("late")
    gate.start([first])
    leads = False
    gate.start([late])
    gate.stop(Stop(late.key, 0))
    assert held.world.started == [first.key]
    assert held.running() == [first.key]
