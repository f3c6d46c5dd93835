"""The processes of a cluster: found by what they are and by the folder they work in, so that no file can be stale.

In: a command whose first word is the program and which names its folder somewhere. Out: a process in a session of its
own, whose output is in `FOLDER/logs/NAME.log`. A process is ours when its program has the name of the part and one of
its arguments lies in the folder: this finds as well what was left by one that was killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE = 120.0
_running: list[subprocess.Popen[bytes]] = []  # whose Part may be gone: whoever started them collects them


class NotReady(Exception):
    """A part ended or did not answer in time; with the end of its log."""


def pids(name: str, folder: Path) -> list[int]:
    return [pid for pid, words in _processes() if Path(words[0]).name == name and _names(words, folder)]


def kubelets() -> list[int]:
    """All of this machine, of whatever cluster."""
    return [pid for pid, words in _processes() if Path(words[0]).name == "kubelet"]


def _names(words: Sequence[str], folder: Path) -> bool:
    return any(f"{folder}/" in word for word in words[1:])


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a thousand paths for a few
        if entry.isdigit():
            with suppress(OSError):  # ended meanwhile
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
                if line:  # what has ended and is not yet collected has none
                    yield int(entry), line.decode(errors="replace").rstrip("\0").split("\0")


class Part:
    """One program of a cluster. `start` of one that runs does nothing; so does `stop` of one that does not."""

    def __init__(self, name: str, folder: Path, command: Sequence[str | Path], *, ends_with_us: bool = False) -> None:
        self.name = name
        self.folder = folder
        self.command = [str(word) for word in command]
        self._ends_with_us = ends_with_us
        self._child: subprocess.Popen[bytes] | None = None
        assert _names(self.command, folder), "a process is found by its folder"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / f"{self.name}.log"

    def pids(self) -> list[int]:
        if self._child is not None:
            self._child.poll()  # collects it when it has ended
        return pids(self.name, self.folder)

    def start(self) -> None:
        if self.pids():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # A control plane of one test dies with the process that runs the test, however that ends.
        with_us = ["setpriv", "--pdeathsig", "KILL", "--"] if self._ends_with_us else []
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*with_us, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        _running[:] = [*(child for child in _running if child.poll() is None), self._child]
        self.wait_for(lambda: bool(self.pids()))  # setpriv has become the program

    def send(self, number: signal.Signals) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
        """Gone when this returns."""
        self.send(number)
        self.send(signal.SIGCONT)
        if not until(lambda: not self.pids(), patience):
            self.send(signal.SIGKILL)
            assert until(lambda: not self.pids(), PATIENCE), f"{self.name} does not end"
        if self._child is not None:
            self._child.wait(PATIENCE)
            self._child = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def let_go(self) -> None:
        """It lives on without us: nobody is to wait for it, nor to miss that at the end of this process."""
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0
        self._child = None

    def wait_for(self, ready: Callable[[], bool], patience: float = PATIENCE) -> None:
        """Raises NotReady."""
        deadline = time.monotonic() + patience
        while not ready():
            ended = self._child.poll() if self._child is not None else None
            if ended is not None:
                raise NotReady(f"{self.name} has ended with {ended}:\n{self._last_words()}")
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {patience:.0f} s:\n{self._last_words()}")
            time.sleep(0.02)

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def until(condition: Callable[[], bool], patience: float) -> bool:
    """Whether it came true in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
