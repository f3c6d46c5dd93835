"""What only the held executor does: release by hand, answer by script, disobey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.clock import VirtualClock
from windlass.executors.held import HeldExecutor, Outcome
from windlass.runs.model import AttemptKey, Ended, Launch, Observation, Started, Stop

if TYPE_CHECKING:
    from pathlib import Path


def launch(step: str) -> Launch:
    return Launch(AttemptKey("run", step, "", 1), "held", ("true",), {})


def test_attempts_are_held_in_order_until_released() -> None:
    seen: list[Observation] = []
    held = HeldExecutor(seen.append, clock=VirtualClock(5000))
    first, second = launch("first"), launch("second")
    held.start([first, second])
    assert held.running() == [first.key, second.key]
    assert held.launch(second.key) is second
    held.finish(first.key, 2, b"a=b\n", message="as told")
    assert held.running() == [second.key]
    assert seen[-1] == Ended(first.key, 5000, 2, b"a=b\n", None, "as told")
    with pytest.raises(KeyError):
        held.finish(first.key)


def test_a_script_answers_at_once_or_holds() -> None:
    seen: list[Observation] = []
    held = HeldExecutor(seen.append, script=lambda asked: Outcome(3) if asked.key.path == "quick" else None)
    held.start([launch("quick"), launch("slow")])
    assert [type(o) for o in seen] == [Started, Ended, Started]
    assert held.running() == [launch("slow").key]


def test_the_disobedient_runs_on_until_it_is_killed() -> None:
    seen: list[Observation] = []
    held = HeldExecutor(seen.append, obedient=False)
    deaf = launch("deaf")
    held.start([deaf])
    held.stop(Stop(deaf.key, 10_000))
    assert held.running() == [deaf.key]
    assert held.stops == [Stop(deaf.key, 10_000)]
    held.stop(Stop(deaf.key, 0))
    assert held.running() == []


def test_log_text_is_given_by_hand(tmp_path: Path) -> None:
    held = HeldExecutor(lambda _: None, logs=tmp_path)
    key = launch("a/b").key
    held.write_log(key, b"one\n")
    held.write_log(key, b"two\n")
    path = held.log_path(key)
    assert path is not None
    assert path.read_bytes() == b"one\ntwo\n"
    with pytest.raises(ValueError, match="without a folder"):
        HeldExecutor(lambda _: None).write_log(key, b"")
