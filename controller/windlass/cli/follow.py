"""Print the log of a whole run as `step │ line`, until it has ended or as far as it is.

In: a LogSource. Out: lines on a stream and the run object as it was last seen. `logs` and `run --server` share it.
"""

from __future__ import annotations

import sys
import time
from typing import IO, TYPE_CHECKING, Any

from windlass.cli.lines import for_display
from windlass.cli.sections import Sections
from windlass.runs.present import logs_of, step_at

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from windlass.cli.log_source import LogSource

TERMINAL = frozenset({"succeeded", "failed", "errored", "cancelled"})
PAUSE = 0.2  # seconds between looks at logs that have nothing new


class _Log:
    """One attempt's log: where to go on reading, and the rest of a line."""

    def __init__(self, key: tuple[str, str, int], *, colour: bool) -> None:
        step, item, _ = key
        self.offset = 0
        self.sections = Sections(f"{step}[{item}]" if item else step, colour=colour)
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
    """`skip`: logs of these (step, item, attempt) are not printed. What a run waits for is said on stderr, once."""
    logs: dict[tuple[str, str, int], _Log] = {}
    told: str | None = None
    while True:
        run = source.run()
        grown = False
        for key in logs_of(run):
            if attempt in (None, key[2]) and key not in skip:
                log = logs.get(key) or logs.setdefault(key, _Log(key, colour=colour))
                grown = _read(source, key, log, out, run) or grown
        out.flush()
        if grown:
            continue
        if not until_end or run["status"] in TERMINAL:
            out.write("".join(log.sections.end() for log in logs.values() if not log.done))
            out.flush()
            return run
        if run["status"] == "waiting" and run["message"] != told:
            told = run["message"]
            print(for_display(f"run {run['id']} {told}", colour=False), file=sys.stderr, flush=True)
        time.sleep(PAUSE)


def _read(source: LogSource, key: tuple[str, str, int], log: _Log, out: IO[str], run: Mapping[str, Any]) -> bool:
    """Print what is new; True when there was something."""
    if log.done:
        return False
    step, item, attempt = key
    log.sections.know(_parts(run, key))
    data, log.offset, complete = source.log(step, attempt, log.offset, item)
    log.done = complete and not data
    out.write(log.sections.feed(data, time.monotonic()))
    if log.done:
        if log.sections.parted:
            log.sections.know(_parts(source.run(), key))
        out.write(log.sections.end())
    return bool(data)


def _parts(run: Mapping[str, Any], key: tuple[str, str, int]) -> list[dict[str, Any]] | None:
    path, item, number = key
    step = step_at(run, path, item or None)
    found = next((a for a in (step or {}).get("attempts", ()) if a["number"] == number), None)
    return found.get("parts") if found is not None else None
