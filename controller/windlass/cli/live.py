"""Live lines of a run in this process: tails the attempts' log files.

In: step changes from the engine, and the executors' log files as they grow. Out: `step │ line` on a stream, with
headings for parts. A file is read once more when its attempt has ended, so that no line is lost; what is read is never
read twice.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

from windlass.cli.lines import for_display
from windlass.cli.sections import Sections
from windlass.runs.model import HELD, AttemptKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from windlass.runs.model import Attempt, Step

CHUNK = 256 * 1024


class _Tail:
    def __init__(self, sections: Sections, path: Path) -> None:
        self.sections = sections
        self.path = path
        self._file: IO[bytes] | None = None

    def read(self) -> bytes:
        if self._file is None:
            try:
                self._file = self.path.open("rb")
            except FileNotFoundError:
                return b""  # the attempt has not begun to write
        return self._file.read(CHUNK)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class LiveLines:
    """`changed` and `pump` are called from one thread."""

    def __init__(self, run: str, log_path: Callable[[AttemptKey], Path | None], out: IO[str], *, colour: bool) -> None:
        self._run = run
        self._log_path = log_path
        self._out = out
        self._colour = colour
        self._tails: dict[AttemptKey, _Tail] = {}
        self._ended: set[AttemptKey] = set()
        self._held: dict[AttemptKey, str] = {}  # what was said of those that cannot begin

    def changed(self, steps: Iterable[Step]) -> None:
        """Follow attempts that are new, finish those that have ended."""
        for step in steps:
            for attempt in step.attempts:
                key = AttemptKey(self._run, *step.key, attempt.number)
                if key in self._ended:
                    continue
                if key not in self._tails:
                    path = self._log_path(key)
                    if path is None:
                        continue
                    self._tails[key] = _Tail(Sections(_label(step), colour=self._colour), path)
                self._say_held(key, step, attempt)
                self._tails[key].sections.know(attempt.detail.get("parts"))
                if attempt.ended_at is not None:
                    self._finish(key)

    def pump(self) -> bool:
        """Print what has been written since; True when there was something."""
        return sum(self._drain(tail) for tail in self._tails.values()) > 0  # every tail is read

    def _drain(self, tail: _Tail) -> bool:
        found = False
        while (chunk := tail.read()) or tail.sections.holds:
            found = found or bool(chunk)
            self._print(tail.sections.feed(chunk, time.monotonic()))
            if not chunk:
                break
        return found

    def _say_held(self, key: AttemptKey, step: Step, attempt: Attempt) -> None:
        """Each cause once: its words may change with every look of the cluster at it."""
        held = attempt.detail.get(HELD)
        if held is None or attempt.started_at is not None or self._held.get(key) == held["cause"]:
            return
        self._held[key] = held["cause"]
        said = for_display(f"{held['cause']}: {' '.join(held['message'].split())}", colour=False)
        self._print(f"{_label(step)} │ windlass: waits for its start: {said}\n")

    def _finish(self, key: AttemptKey) -> None:
        self._ended.add(key)
        tail = self._tails.pop(key)
        self._drain(tail)
        self._print(tail.sections.end())
        tail.close()

    def _print(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()


def _label(step: Step) -> str:
    return step.key.path + (f"[{step.key.item}]" if step.key.item else "")
