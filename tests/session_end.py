"""What a whole session left is searched for secret values: a finding fails it, with the place and never the value.

At the end, when every worker is done: the base folder of all temporary folders (data folders with their ledgers, logs,
objects and caches, homes, repositories), the shared memory of this machine, and every process; all the time: what
processes have as arguments. What a fixture removes is searched by it before (`remains.search`), what is answered when
it is answered (`canary.seen`).
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests import canary, remains

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_MEMORY = Path("/dev/shm")
PAUSE = 0.2  # seconds between two looks at the processes
OWN = "canaries"  # the folder, in the base folder, where the values are known from


class Watch(threading.Thread):
    """Looks at the arguments of every process the first two times that it is there: at its start, and after `exec`."""

    def __init__(self) -> None:
        super().__init__(name="arguments of processes", daemon=True)
        self._told: set[str] = set()
        self._looked: dict[str, int] = {}
        self._over = threading.Event()
        self._finder = canary.Finder({})

    def run(self) -> None:
        while not self._over.wait(PAUSE):
            there = [name for name in os.listdir("/proc") if name.isdigit()]
            self._looked = {pid: self._looked.get(pid, 0) for pid in there}
            for pid in there:
                if self._looked[pid] < 2:
                    self._looked[pid] += 1
                    self._look(pid)

    def _look(self, pid: str) -> None:
        words = _read(Path("/proc", pid, "cmdline")).split(b"\0")
        if found := self._finder.found(b"\0".join(words), "the arguments of a process"):
            known = {word.encode() for word, _ in canary.recorded("typed")}
            if self._finder.found(b"\0".join(word for word in words if word not in known), ""):
                lines = {f"{line} ({Path(os.fsdecode(words[0])).name})" for line in found} - self._told
                self._told |= lines
                canary.tell(sorted(lines))

    def end(self) -> None:
        self._over.set()
        self.join()


def _processes(finder: canary.Finder) -> Iterator[str]:
    """Whoever is still there, with the environment it was started with: this session's own is none of them."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) != os.getpid():
            for kind in ("cmdline", "environ"):
                yield from finder.found(_read(Path("/proc", pid, kind)), f"/proc/{pid}/{kind}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


# ---- the hooks

_base = pytest.StashKey[Path]()
_watch = pytest.StashKey[Watch]()
_lines = pytest.StashKey[list[str]]()
_fell = pytest.StashKey[list[str]]()


class Fallen:
    """Remembers tests that fell, also those that are tried once more."""

    def __init__(self, fell: list[str]) -> None:
        self._fell = fell

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome not in ("passed", "skipped"):
            self._fell.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """The process that the others come from prepares the folder; theirs has its name in the environment."""
    if hasattr(config, "workerinput"):
        return
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    (base / OWN).mkdir(exist_ok=True)
    os.environ[canary.FOLDER] = str(base / OWN)
    config.stash[_base], config.stash[_fell] = base, []
    config.pluginmanager.register(Fallen(config.stash[_fell]), "fallen tests")


def pytest_sessionstart(session: pytest.Session) -> None:
    if _base in session.config.stash and not session.config.option.collectonly:
        session.config.stash[_watch] = Watch()
        session.config.stash[_watch].start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    stash = session.config.stash
    if _watch not in stash:
        return
    stash[_watch].end()
    finder, kept = remains.finder(), remains.kept()
    lines = [f"{line} [{test}]" if test else line for line, test in canary.recorded("found")]
    # What a test that fell had no time to clear away says nothing; files of others do, whatever became of their test.
    for place in (stash[_base],) if stash[_fell] else (stash[_base], SHARED_MEMORY):
        for path in remains.files(place, frozenset((OWN,))):
            lines += [] if str(path) in kept else remains.in_file(path, finder)
    stash[_lines] = [*lines, *_processes(finder)]
    if stash[_lines] and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_lines, [])
    if lines:
        terminalreporter.section("secret values that were left", red=True)
        for line in lines:
            terminalreporter.line(line)
        terminalreporter.line(f"FAILED: {len(lines)} secret values were left (tests/canary.py)", red=True)
