"""Print the log of a whole run as `step │ line`, until it has ended or as far as it is.

In: a LogSource. Out: lines on a stream and the run object as it was last seen. `logs` and `run --server` share it.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING, Any

from windlass.cli.lines import LineSplitter, for_display
from windlass.runs.present import logs_of

if TYPE_CHECKING:
    from collections.abc import Container

    from windlass.cli.log_source import LogSource

TERMINAL = frozenset({"succeeded", "failed", "errored", "cancelled"})
PAUSE = 0.2  # seconds between looks at logs that have nothing new


class _Log:
    """One attempt's log: where to go on reading, and the rest of a line."""

    def __init__(self) -> None:
        self.offset = 0
        self.lines = LineSplitter()
        self.done = False


def follow(
    source: LogSource,
    out: IO[str],
    *,
    colour: bool,
    until_end: bool,
    attempt: int | None = None,
    skip: Container[tuple[str, str, int]] = (),
) -> dict[str, Any]:
    """`skip`: logs of these (step, item, attempt) are not printed."""
    logs: dict[tuple[str, str, int], _Log] = {}
    while True:
        run = source.run()
        grown = False
        for key in logs_of(run):
            if attempt in (None, key[2]) and key not in skip:
                grown = _read(source, key, logs.setdefault(key, _Log()), out, colour) or grown
        out.flush()
        if grown:
            continue
        if not until_end or run["status"] in TERMINAL:
            return run
        time.sleep(PAUSE)


def _read(source: LogSource, key: tuple[str, str, int], log: _Log, out: IO[str], colour: bool) -> bool:
    """Print what is new; True when there was something."""
    if log.done:
        return False
    step, item, attempt = key
    data, log.offset, complete = source.log(step, attempt, log.offset, item)
    label = f"{step}[{item}]" if item else step
    log.done = complete and not data
    texts = [*log.lines.feed(data), *(log.lines.flush() if log.done else ())]
    out.write("".join(f"{label} │ {for_display(text, colour=colour)}\n" for text in texts))
    return bool(data)
