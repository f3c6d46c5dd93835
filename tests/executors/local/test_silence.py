"""Silence: when the last byte was written, through busy programs, adoption and clocks that are set."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.executors.conftest import wait_until

from windlass.executors.local.silence import LOOK, Silence
from windlass.runs.model import AttemptKey, Quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.executors.conftest import Local


class Timers:
    """The reader and the clock: time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        self.waiting.append((self.now + seconds, job))

    def until(self, at: float) -> None:
        while self.waiting and min(self.waiting, key=lambda w: w[0])[0] <= at:
            due = min(self.waiting, key=lambda w: w[0])
            self.waiting.remove(due)
            self.now = due[0]
            due[1]()
        self.now = at


class Room:
    def __init__(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.timers = Timers()
        self.told: list[tuple[str, float]] = []
        self.log = log
        self.wall = 0.0  # what the clock of the machine is off by
        monkeypatch.setattr(time, "monotonic", lambda: self.timers.now)
        monkeypatch.setattr(time, "time", lambda: self.timers.now + self.wall)
        lock = threading.RLock()
        self.silence = Silence(
            self.timers,  # type: ignore[arg-type]
            lock,
            lambda key: self.told.append((key.path, self.timers.now)),
        )

    def listen(self, name: str, limit: int, *, adopted: bool = False) -> None:
        self.silence.listen(self.key(name), self.log / name, limit, adopted=adopted)

    def write(self, name: str, at: float | None = None) -> None:
        with (self.log / name).open("ab") as file:
            file.write(b"x")
        moment = (self.timers.now if at is None else at) + self.wall
        os.utime(self.log / name, (moment, moment))

    def key(self, name: str) -> AttemptKey:
        return AttemptKey("run", name, "", 1)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(tmp_path, monkeypatch)


def test_it_counts_from_the_last_byte(room: Room) -> None:
    room.listen("a", 60_000)
    room.timers.until(1050)
    room.write("a")
    room.timers.until(1109)
    assert room.told == []
    room.timers.until(1200)
    assert room.told == [("a", 1110)]


def test_a_busy_program_is_looked_at_once_in_its_span(room: Room) -> None:
    room.listen("a", 60_000)
    for _ in range(100):
        room.timers.until(room.timers.now + 10)
        room.write("a")
        assert len(room.timers.waiting) == 1
    assert room.told == []


def test_many_are_looked_at_together(room: Room) -> None:
    for number in range(100):
        room.timers.until(room.timers.now + 0.01)
        room.listen(f"step-{number}", 10_000)
    looks = 0
    while room.timers.waiting:
        room.timers.until(room.timers.waiting[0][0])
        looks += 1
    assert len(room.told) == 100
    assert looks <= 3
    assert max(at for _, at in room.told) <= 1001 + 10 + LOOK


def test_one_with_less_patience_is_not_kept_waiting_by_another(room: Room) -> None:
    room.listen("patient", 3_600_000)
    room.listen("hasty", 5_000)
    room.timers.until(1006)
    assert room.told == [("hasty", 1005)]


def test_what_has_left_is_not_told(room: Room) -> None:
    room.listen("a", 5_000)
    room.silence.leave(room.key("a"))
    room.timers.until(2000)
    assert (room.told, room.timers.waiting) == ([], [])


def test_an_adopted_one_was_silent_before(room: Room) -> None:
    room.write("a", at=990)
    room.listen("a", 60_000, adopted=True)
    room.timers.until(1049)
    assert room.told == []
    room.timers.until(1051)
    assert room.told == [("a", 1050)]


@pytest.mark.parametrize("step", [7200.0, -7200.0])
def test_a_clock_that_is_set_makes_nobody_silent(room: Room, step: float) -> None:
    room.listen("a", 60_000)
    room.timers.until(1030)
    room.write("a")
    room.wall += step
    room.timers.until(1089)
    assert room.told == []
    room.timers.until(1300)
    assert [name for name, _ in room.told] == ["a"]
    assert 1090 <= room.told[0][1] <= 1121


def test_any_byte_counts(local: Local) -> None:
    launch = local.launch("for i in 1 2 3 4 5 6 7 8 9 10; do printf . >&2; sleep 0.5; done", quiet_timeout=4000)
    executor = local.executor()
    executor.start([launch])
    local.seen.ended(launch.key)
    executor.close(kill=True)
    assert not any(isinstance(o, Quiet) for o in local.seen.all)
    wait_until(lambda: not local.programs())
