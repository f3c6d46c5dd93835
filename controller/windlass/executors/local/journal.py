"""The attempt's journal: one small file whose creation is the start gate and whose lines outlive every process.

In: lines written by the warden, in this order: `warden PID START BOOT LIMIT` (before the program starts), `quiet MS`
of one that may not be silent for longer, `child PID AT`, `exit CODE AT` or `failed AT MESSAGE`; of a launch with parts
also `part INDEX OFFSET AT` before each program and `over INDEX CODE AT CAUSE MESSAGE` after it (`-` for none). Out: a
Journal. Why one file: who creates it (O_EXCL) decides what becomes of the attempt; a controller that judges an attempt
lost creates it first, and nothing can start it later (promise R2). A line without its newline was never finished and
counts as absent. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os

NAME = "journal"


class Part:
    """One part that has begun. Times are milliseconds; None: not yet, or nothing to say."""

    def __init__(self, offset: int, started: int) -> None:
        self.offset = offset  # of its section in the log
        self.started = started
        self.ended: int | None = None
        self.code: int | None = None
        self.cause: str | None = None
        self.message: str | None = None


class Journal:
    """What is known of an attempt. Times are milliseconds; None: no such line (yet)."""

    warden: tuple[int, int, str, int] | None = None  # pid, start (clock ticks since boot), boot id, output limit
    quiet: int | None = None  # milliseconds that it may be silent
    child: tuple[int, int] | None = None  # pid, started at
    exit: tuple[int, int] | None = None  # exit code (128 + signal), ended at
    failed: tuple[int, str] | None = None  # the program could not be started: at, message
    refused: tuple[int, str] | None = None  # somebody else won the gate: at, why

    def __init__(self) -> None:
        self.parts: dict[int, Part] = {}  # by index, those that have begun, in order

    @property
    def failure(self) -> Part | None:
        """The first part that failed."""
        return next((part for part in self.parts.values() if part.code or part.cause), None)

    @property
    def settled(self) -> bool:
        """Nothing will be added any more."""
        return bool(self.exit or self.failed or self.refused)


def claim(folder: str, line: bytes) -> int | None:
    """Create the journal with this line; its descriptor, or None when somebody else was first. Raises OSError."""
    try:
        fd = os.open(f"{folder}/{NAME}", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
    except FileExistsError:
        return None
    os.write(fd, line)
    return fd


def refuse(folder: str, at: int, why: str) -> bool:
    """Win the gate so that the attempt never starts; False: it is taken. Makes the folder. Raises OSError."""
    os.makedirs(folder, 0o700, exist_ok=True)
    fd = claim(folder, refused_line(at, why))
    if fd is None:
        return False
    os.close(fd)
    return True


def warden_line(pid: int, start: int, boot: str, output_limit: int) -> bytes:
    return b"warden %d %d %s %d\n" % (pid, start, boot.encode(), output_limit)


def quiet_line(limit: int) -> bytes:
    return b"quiet %d\n" % limit


def child_line(pid: int, at: int) -> bytes:
    return b"child %d %d\n" % (pid, at)


def exit_line(code: int, at: int) -> bytes:
    return b"exit %d %d\n" % (code, at)


def part_line(index: int, offset: int, at: int) -> bytes:
    return b"part %d %d %d\n" % (index, offset, at)


def over_line(index: int, code: int | None, at: int, cause: str | None, message: str | None) -> bytes:
    written = b"-" if code is None else b"%d" % code
    return b"over %d %s %d %s %s\n" % (index, written, at, (cause or "-").encode(), _flat(message or "-"))


def failed_line(at: int, message: str) -> bytes:
    return b"failed %d %s\n" % (at, _flat(message))


def refused_line(at: int, why: str) -> bytes:
    return b"refused %d %s\n" % (at, _flat(why))


def _flat(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "backslashreplace")


def read(folder: str) -> Journal | None:
    """The journal as far as it is written; None when nobody has created it. Lines that no warden writes are nothing."""
    try:
        with open(f"{folder}/{NAME}", "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    journal = Journal()
    for line in data.split(b"\n")[:-1]:
        try:
            _take(journal, line.decode("utf-8", "replace"))
        except (ValueError, KeyError, TypeError):  # the program of the attempt may write here as well
            continue
    return journal


def _take(journal: Journal, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "warden":
        pid, start, boot, limit = rest.split(" ")
        journal.warden = (int(pid), int(start), boot, int(limit))
    elif word in {"child", "exit"}:
        first, second = rest.split(" ")
        setattr(journal, word, (int(first), int(second)))
    elif word == "quiet":
        journal.quiet = int(rest)
    elif word == "part":
        index, offset, started = rest.split(" ")
        journal.parts[int(index)] = Part(int(offset), int(started))
    elif word == "over":
        _take_over(journal, *rest.split(" ", 4))
    elif word in {"failed", "refused"}:
        at, _, text = rest.partition(" ")
        setattr(journal, word, (int(at), text))


def _take_over(journal: Journal, index: str, code: str, at: str, cause: str, message: str) -> None:
    part = journal.parts[int(index)]
    part.ended = int(at)
    part.code = None if code == "-" else int(code)
    part.cause = None if cause == "-" else cause
    part.message = None if message == "-" else message
