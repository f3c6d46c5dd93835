"""A command on a terminal of its own: a real pty, typed into, read from."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

from tests.slow.home import Home
from tests.slow.waiting import until


class Terminal:
    """`shown` is everything that the terminal has shown so far, with its own line ends as `\\n`."""

    def __init__(self, home: Home, *words: str, cwd: Path) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.process = home.start(*words, cwd=cwd, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        self._shown = b""

    @property
    def shown(self) -> str:
        try:
            while chunk := os.read(self._ours, 65536):
                self._shown += chunk
        except (BlockingIOError, OSError):  # nothing more now; or the other side is gone
            pass
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def until(self, text: str) -> None:
        """Wait until it shows this."""
        until(lambda: text in self.shown or self.process.poll() is not None)
        assert text in self.shown, (self.shown, self.process.communicate())

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def end(self) -> str:
        """Its standard output, once it has ended."""
        out, _ = self.process.communicate(timeout=60)
        os.close(self._ours)
        return out
