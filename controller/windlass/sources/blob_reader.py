"""The contents of blobs, from one long-lived `git cat-file --batch-command` per mirror.

In: object ids. Out: bytes, piece by piece. One process serves every reading of a repository: 80 µs a file
where a new process takes 2 ms. It is started when it is first needed, and again when it died; sizes are known before
a content is asked for.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.sources.command import DEFAULT_LIMITS, Limits, end_group, start_git
from windlass.sources.local_refs import OBJECT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# Requests in flight: their text fits into a pipe (64 KiB) whole, so writing them never waits for our own reading.
_BATCH = 256
_CHUNK = 1 << 16


class BlobReader:
    """Safe for threads: each public method is one conversation, under a lock."""

    def __init__(self, git_dir: Path, *, timeout: float = 60, limits: Limits = DEFAULT_LIMITS) -> None:
        self._git_dir = git_dir
        self._timeout = timeout
        self._limits = limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._deadline = 0.0

    def info(self, names: Sequence[str]) -> dict[str, tuple[str, int] | None]:
        """Kind and size of objects; None for one that is not there. Names are object ids."""
        with self._lock:
            return self._known(names)

    def contents(self, blobs: Sequence[str], receive: Callable[[str, bytes], None]) -> None:
        """Hands over the content of each blob, in order, in pieces (an empty blob is one empty piece).

        Raises SourceError "ObjectMissing" for what is no blob of this repository, before anything of it is handed over.
        """
        with self._lock:
            for start in range(0, len(blobs), _BATCH):
                batch = blobs[start : start + _BATCH]
                known = self._known(batch)
                for blob in batch:
                    found = known[blob]
                    if found is None or found[0] != "blob":
                        raise SourceError(f"object {blob} is no file of this repository", "ObjectMissing")
                self._contents(batch, receive)

    def close(self) -> None:
        """Ends the process. A later question starts a new one."""
        with self._lock:
            self._stop()

    def _info(self, names: Sequence[str]) -> Iterator[tuple[str, tuple[str, int] | None]]:
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            self._ask("info", batch)
            for name in batch:
                words = self._line().split()
                yield name, (words[1].decode(), int(words[2])) if len(words) == 3 else None

    def _contents(self, batch: Sequence[str], receive: Callable[[str, bytes], None]) -> None:
        try:
            self._ask("contents", batch)
            for blob in batch:
                words = self._line().split()
                if len(words) != 3:
                    raise SourceError(f"object {blob} cannot be read", "ObjectMissing")
                self._pass_on(blob, int(words[2]), receive)
        except BaseException as error:
            self._stop()  # an unfinished answer would be taken for the next one's
            if isinstance(error, _DeadError):
                raise SourceError(f"git ended while it read {len(batch)} files", "ObjectMissing") from error
            raise

    def _pass_on(self, blob: str, size: int, receive: Callable[[str, bytes], None]) -> None:
        if size == 0:
            receive(blob, b"")
        while size:
            piece = self._some(size)
            size -= len(piece)
            receive(blob, piece)
        self._some(1)  # the line break after the content

    def _known(self, names: Sequence[str]) -> dict[str, tuple[str, int] | None]:
        """`_info`, once more when the process had died: it may have been killed between two questions."""
        try:
            return dict(self._info(names))
        except _DeadError:
            self._stop()
        try:
            return dict(self._info(names))
        except _DeadError as error:
            self._stop()
            raise SourceError("git cannot read this repository", "ObjectMissing") from error

    def _ask(self, command: str, names: Sequence[str]) -> None:
        for name in names:
            if not OBJECT_ID.fullmatch(name):
                raise SourceError("not an object id", "ObjectMissing")
        process = self._running()
        self._deadline = time.monotonic() + self._timeout
        text = "".join(f"{command} {name}\n" for name in names) + "flush\n"
        assert process.stdin is not None
        try:
            process.stdin.write(text.encode())
            process.stdin.flush()
        except BrokenPipeError as error:
            raise _DeadError from error

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _some(self, most: int) -> bytes:
        if not self._buffer:
            self._fill()
        piece, self._buffer = self._buffer[:most], self._buffer[most:]
        return piece

    def _fill(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        left = self._deadline - time.monotonic()
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        if left <= 0 or not poll.poll(left * 1000):
            raise SourceError("git did not read the files in time", "Timeout")
        chunk = os.read(process.stdout.fileno(), _CHUNK)
        if not chunk:
            raise _DeadError
        self._buffer += chunk

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = start_git(
                ["cat-file", "--batch-command", "--buffer"],
                git_dir=self._git_dir,
                limits=self._limits,
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _stop(self) -> None:
        self._buffer = b""
        if self._process is not None:
            end_group(self._process)
            self._process = None


class _DeadError(Exception):
    """The process ended in the middle of an answer."""
