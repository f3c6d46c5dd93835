"""Deleting beside the hot path: a stop does not wait for all of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.executors.conftest import wait_until

from windlass.executors.attempt_folder import sweeper
from windlass.executors.attempt_folder.sweeper import Sweeper

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_stop_leaves_what_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, asked = threading.Event(), list[str]()

    def slow(path: Path) -> None:
        asked.append(path.name)
        go_on.wait(20)

    monkeypatch.setattr(sweeper, "remove", slow)
    one = Sweeper()
    for name in ("a", "b", "c"):
        one.add(tmp_path / name)
    wait_until(lambda: asked)
    one.wait(0.01)
    go_on.set()
    one.wait()
    assert asked == ["a"]


def test_a_stop_waits_for_what_is_quick(tmp_path: Path) -> None:
    one = Sweeper()
    for name in ("a", "b", "c"):
        (tmp_path / name / "work").mkdir(parents=True)
        one.add(tmp_path / name)
    one.wait()
    assert list(tmp_path.iterdir()) == []
