"""Tell a warden to stop its attempt: the grace in a file, then TERM; works for wardens of any controller.

In: the attempt's folder, its warden's pid and start time, the grace in milliseconds. Out: nothing; a warden that is
gone has said, or left in its journal, how the attempt ended.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.executors.local.warden import STOP, STOP_FILE, STOP_NOW
from windlass.executors.process_identity import start_time

if TYPE_CHECKING:
    from windlass.clock import Millis


def tell_to_stop(folder: str, warden: tuple[int, int], grace: Millis) -> None:
    pid, start = warden
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:  # gone
        return
    try:
        if start_time(pid) == start:
            number = STOP if _leave_grace(folder, grace) else STOP_NOW
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, number)
    finally:
        os.close(pidfd)


def _leave_grace(folder: str, grace: Millis) -> bool:
    """False: no room for it; the attempt's own grace must do."""
    fresh = Path(folder) / f"{STOP_FILE}.new"
    try:
        fresh.write_text(str(grace))
        fresh.rename(Path(folder) / STOP_FILE)
    except OSError:
        return False
    return True
