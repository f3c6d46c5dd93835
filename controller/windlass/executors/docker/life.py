"""One attempt, from the first question to the engine until its container is gone: what its thread does.

In: an attempt. Out: what the executor is told of it. The order is the crash-safe story: the record, then the container,
then its start; at the end the log, the outputs, `end.json`, then the word about it, and only then the container goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass import log
from windlass.crashpoints import reach
from windlass.executors.attempt_folder.end import Over, read_end, write_end
from windlass.executors.attempt_folder.log_file import NotStartable
from windlass.executors.docker.api import EngineAway, Refused
from windlass.executors.docker.attempt import ClosedError
from windlass.executors.docker.beginning import begin
from windlass.executors.docker.container import is_ours
from windlass.executors.docker.following import follow
from windlass.executors.docker.records import CONTAINER, read_record
from windlass.executors.docker.services import remove_services
from windlass.executors.now import now_millis

if TYPE_CHECKING:
    from windlass.executors.docker.api import Engine
    from windlass.executors.docker.attempt import Attempt, Told


def live(attempt: Attempt, engine: Engine, told: Told, patience: float, owner: str) -> None:
    """To the end. Tells exactly one end, unless this program ends first."""
    try:
        over = _over(attempt, engine, told, patience, owner)
    except ClosedError:
        return
    except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29)
        if attempt.closing:
            return
        log.event("docker.crashed", level="error", run=attempt.key.run, error=log.told(error))
        over = _without("internal-error", f"the docker runner made a mistake: {type(error).__name__}")
    attempt.finished.set()
    told.ended(attempt, over)
    if (attempt.folder / CONTAINER).exists():  # else the engine has never heard of it
        remove(attempt, engine)


def _over(attempt: Attempt, engine: Engine, told: Told, patience: float, owner: str) -> Over:
    try:
        over = read_end(attempt.folder)
        if over is None:
            over = _settled(attempt, engine, told, patience, owner)
            write_end(attempt.folder, over)
            reach("docker.ended")
        return over
    except NotStartable as error:
        return _without("start-failed", str(error))
    except OSError as error:
        return _without("start-failed", f"its folder cannot be used: {error.strerror}")


def _settled(attempt: Attempt, engine: Engine, told: Told, patience: float, owner: str) -> Over:
    record = read_record(attempt.folder)
    masks = None
    if record is None:
        if attempt.launch is None:
            return _without("lost", "it was recorded, but never started")
        if attempt.stop_asked:
            return _without(None, "stopped before it started")
        masks = attempt.launch.masks
        begun = begin(attempt, attempt.launch, engine, owner)
        if isinstance(begun, Over):
            return begun
        record = begun
    attempt.kill_after = record.kill_after
    return follow(attempt, engine, told, record, masks, patience)


def _without(cause: str | None, message: str) -> Over:
    return Over(now_millis(), None, cause=cause, message=message)


def remove(attempt: Attempt, engine: Engine) -> None:
    """The container, its services, their network and anonymous volumes, if they are ours. What cannot go now goes when
    it is forgotten."""
    try:
        record = read_record(attempt.folder)
        _remove_container(attempt, engine)
        if record is not None and record.services:
            remove_services(attempt, engine, record.services)
        (attempt.folder / CONTAINER).unlink(missing_ok=True)
    except (Refused, EngineAway, OSError) as error:
        log.event("docker.not-removed", level="warning", container=attempt.name, error=str(error))


def _remove_container(attempt: Attempt, engine: Engine) -> None:
    try:
        found = engine.json("GET", f"/containers/{attempt.name}/json")
        if is_ours(found, attempt.key):
            engine.json("DELETE", f"/containers/{found['Id']}", force="1", v="1")
    except Refused as refused:
        if refused.status not in (404, 409):  # gone, or going
            raise
