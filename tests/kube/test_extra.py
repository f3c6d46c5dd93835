"""A machine without the extra is told what to install, by whoever asks for a cluster."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from windlass.errors import UsageError
from windlass.executors.looking import look_at_runner, require_runner
from windlass.kube import extra
from windlass.settings import RunnerSettings

ROOT = Path(__file__).parents[2]


def test_what_is_missing_is_named_before_anything_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "NEEDED", ("aiohttp", "no_such_package_here"))
    runner = RunnerSettings("kubernetes", "kubernetes")
    for ask in (require_runner, look_at_runner):
        with pytest.raises(UsageError, match="not installed: no_such_package_here") as told:
            ask(runner)
        assert "windlass[kubernetes]" in str(told.value.hint)


def test_it_asks_for_all_of_the_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["kubernetes"]
    assert {one.partition(">")[0] for one in extras} == set(extra.NEEDED)
