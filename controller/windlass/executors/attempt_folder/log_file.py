"""The log of one attempt: bytes as written, and a line in their place when the disk would not take them.

In: a path, and chunks. Out: the file; `complaint` when something was lost. A full disk never stops the program (promise
R22: a loss shows as a gap, never as silence). Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os


class NotStartable(Exception):
    """The attempt cannot start; the text says why to its author."""


class LogFile:
    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.lost = 0  # bytes of the gap that is open now
        self.complaint: str | None = None

    def write(self, data: bytes) -> None:
        if self.lost and not self._mark_gap():
            self.lost += len(data)
            return
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.fd, rest) :]
            except OSError as error:
                self.lost = len(rest)
                self.complaint = f"the log is incomplete: {error.strerror}"
                return

    @property
    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def _mark_gap(self) -> bool:
        line = b"\nwindlass: %d bytes of output could not be stored here\n" % self.lost
        try:
            os.write(self.fd, line)
        except OSError:  # still full: `complaint` already says so
            return False
        self.lost = 0
        return True

    def close(self) -> None:
        if self.lost:
            self._mark_gap()
        os.close(self.fd)


def open_log(path: str) -> int:
    """Raises NotStartable: an attempt without a log would hide what it did."""
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
    try:
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            return os.open(path, flags, 0o600)
    except OSError as error:
        raise NotStartable(f"cannot write the log: {error.strerror}") from error
