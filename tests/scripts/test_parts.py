"""The processes of a cluster outlive the object that started them, and nobody is warned about that."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING

from scripts.cluster.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_part_runs_on_when_nobody_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    (tmp_path / "file").touch()
    command = ("tail", "-f", tmp_path / "file")
    Part("tail", tmp_path, command).start()
    gc.collect()
    assert told == []
    found = Part("tail", tmp_path, command)
    assert found.pids()
    found.stop(signal.SIGTERM)
    assert not found.pids()
