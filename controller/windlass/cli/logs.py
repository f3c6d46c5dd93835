"""`windlass logs RUN [STEP]`: the log of a run, live or after its end, of a server or of this machine.

Without STEP every line is `step │ line`; with STEP the bytes are printed as they are. `--follow` goes on
until the run ends.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from windlass.cli.follow import PAUSE, TERMINAL, follow
from windlass.cli.lines import wants_colour
from windlass.cli.log_source import LogSource, log_source
from windlass.errors import NotFoundError

if TYPE_CHECKING:
    import argparse


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
    if arguments.step not in source.run()["steps"]:
        raise NotFoundError(f"run {arguments.run} has no step {arguments.step}")
    offset = 0
    while True:
        ended = source.run()["status"] in TERMINAL
        data, offset, complete = source.log(arguments.step, arguments.attempt, offset)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if data:
            continue
        if complete or ended or not arguments.follow:
            return
        time.sleep(PAUSE)
