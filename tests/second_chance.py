"""A slow test that falls is tried once more, in sight (docs/decisions/0015).

Slow tests drive processes, engines and a cluster on a machine that may stall at any line. What fell the first time is
printed in full at the end, as a failure is; and more than a few of them are a failure, for then it was no accident.
Tests outside tests/slow get one chance.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.terminal import TerminalReporter

SLOW = Path(__file__).parent / "slow"
ACCIDENTS = 3  # of a session; a mistake in what many tests use makes more of them fall


class SecondChance:
    """Registered in every process; reports come together in the one that prints."""

    def __init__(self, slow: Path = SLOW) -> None:
        self._slow = slow
        self.fell: list[pytest.TestReport] = []

    def pytest_collection_modifyitems(self, items: Iterable[pytest.Item]) -> None:
        for item in items:
            if self._slow in item.path.parents:
                item.add_marker(pytest.mark.flaky(reruns=1))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # the outcome that pytest-rerunfailures adds
            self.fell.append(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self.fell) > ACCIDENTS and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        if not self.fell:
            return
        terminalreporter.write_sep("=", "FELL THE FIRST TIME", yellow=True)
        for report in self.fell:  # written where the summaries of pytest go
            terminalreporter.write_sep("_", report.nodeid, yellow=True)
            report.toterminal(terminalreporter._tw)
        if len(self.fell) > ACCIDENTS:
            told = f"{len(self.fell)} tests fell the first time, more than {ACCIDENTS}: this run failed"
            terminalreporter.write_line(told, red=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SecondChance(), "second chance")
