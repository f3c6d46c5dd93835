"""One attempt of the docker runner: what its thread, the executor and whoever stops it know of it together.

In: its key and launch. Out: an Attempt, and the contract of what it tells (`Told`).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from windlass.executors.docker.api import Cutter
from windlass.executors.docker.container import container_name

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.executors.attempt_folder.end import Over
    from windlass.runs.model import AttemptKey, Launch, PartRecord

GRACE = 10_000  # milliseconds; of an attempt whose launch and record we do not have


class ClosedError(Exception):
    """This program ends: whoever adopts the attempt goes on with it."""


class Told(Protocol):
    """What the executor hears. Called from the attempt's threads."""

    def started(self, attempt: Attempt, at: int, handle: dict[str, Any]) -> None: ...

    def quiet(self, attempt: Attempt) -> None: ...

    def parts(self, attempt: Attempt, parts: tuple[PartRecord, ...]) -> None: ...

    def ended(self, attempt: Attempt, over: Over) -> None: ...


class Attempt:
    """`launch` None: adopted. `told_started`: its start has been seen before.

    With `lock`: `stop_asked`, `grace`, `starting` (from here on it may run) and `running` (it can be signalled).
    """

    def __init__(
        self, key: AttemptKey, folder: Path, log_path: Path, launch: Launch | None, *, told_started: bool = False
    ) -> None:
        self.key = key
        self.folder = folder
        self.log_path = log_path
        self.launch = launch
        self.name = container_name(key)
        self.told_started = told_started
        self.lock = threading.Lock()
        self.preparing = Cutter()
        self.following = Cutter()
        self.stop_asked = False
        self.grace: int | None = None
        self.starting = False
        self.running = False
        self.closing = False
        self.finished = threading.Event()  # it is over, or no longer ours
        self.listened = False  # somebody counts how long it is silent
        self.written_at = time.monotonic()  # its last byte was seen
        self.kill_after = launch.kill_after if launch is not None else GRACE

    def check(self) -> None:
        """Raises ClosedError."""
        if self.closing:
            raise ClosedError

    def let_go(self) -> None:
        """Its thread ends without a word; its container lives on."""
        self.closing = True
        self.finished.set()
        self.preparing.cut()
        self.following.cut()
