"""`windlass logs RUN [STEP]`: the log of a run, live or after its end, of a server or of this machine.

Without STEP every line is `step │ line`; with STEP, named as those lines name it (`outer/inner`, `loop[item]`), the
bytes are printed as they are. `--follow` goes on until the run ends.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

from windlass.cli.follow import PAUSE, TERMINAL, follow
from windlass.cli.lines import wants_colour
from windlass.cli.log_source import LogSource, log_source
from windlass.errors import NotFoundError
from windlass.runs.present import step_at

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def command(arguments: argparse.Namespace) -> int:
    source = log_source(arguments)
    if arguments.step is not None:
        _bare(source, arguments)
    else:
        colour = wants_colour()
        follow(source, sys.stdout, colour=colour, until_end=arguments.follow, attempt=arguments.attempt)
    return 0


def _bare(source: LogSource, arguments: argparse.Namespace) -> None:
    """One step's bytes, unchanged; the newest attempt when none is named."""
    step, item = _awaited(source, arguments)
    offset = 0
    while True:
        ended = source.run()["status"] in TERMINAL
        data, offset, complete = source.log(step, arguments.attempt, offset, item)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if data:
            continue
        if complete or ended or not arguments.follow:
            return
        time.sleep(PAUSE)


def _awaited(source: LogSource, arguments: argparse.Namespace) -> tuple[str, str]:
    """The step and its item; followed, one inside a step that has not come so far is waited for.

    Raises NotFoundError.
    """
    while True:
        run = source.run()
        found = _named(run, arguments.step)
        if found is not None:
            return found
        outermost = re.split(r"[/\[]", arguments.step)[0]
        if outermost not in run["steps"] or run["status"] in TERMINAL or not arguments.follow:
            raise NotFoundError(f"run {arguments.run} has no step {arguments.step}")
        time.sleep(PAUSE)


def _named(run: Mapping[str, Any], written: str) -> tuple[str, str] | None:
    """The brackets at the end name an item, whatever its key is made of."""
    if not written.endswith("]"):
        return (written, "") if step_at(run, written) is not None else None
    places = [place for place, letter in enumerate(written) if letter == "["]
    pairs = [(written[:place], written[place + 1 : -1]) for place in places]
    return next((pair for pair in pairs if step_at(run, *pair) is not None), None)
