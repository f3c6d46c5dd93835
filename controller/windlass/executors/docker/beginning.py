"""From a launch to a container that has been told to start.

In: an attempt with its launch. Out: its Record, or an Over that says why there is none. The record is on disk before
the engine hears of the attempt. A container of this name that is ours is used as it is: asking twice starts nothing
twice.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from windlass.crashpoints import reach
from windlass.errors import UsageError
from windlass.executors.attempt_folder.end import Over
from windlass.executors.attempt_folder.log_file import LogFile, open_log
from windlass.executors.containers.driver import ARGV, driver_files
from windlass.executors.containers.engine_socket import VARIABLES
from windlass.executors.containers.packing import one_file, owner_in, packed
from windlass.executors.docker.api import EngineAway, Refused
from windlass.executors.docker.container import Around, create_body, is_ours
from windlass.executors.docker.images import PullError, pull
from windlass.executors.docker.inside import engine_inside
from windlass.executors.docker.records import Record, write_record
from windlass.executors.docker.services import NameTakenError, ServiceError, begin_services, last_lines
from windlass.executors.now import now_millis
from windlass.executors.registry_words import pull_cause
from windlass.masking import Mask, masked_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from windlass.executors.docker.api import Engine
    from windlass.executors.docker.attempt import Attempt
    from windlass.runs.model import Launch

PASSWD = 65536  # bytes of /etc/passwd that are looked at


class _Unfit(Exception):
    """It cannot start: cause and message."""


def begin(attempt: Attempt, launch: Launch, engine: Engine, owner: str) -> Record | Over:
    """`owner`: the label of what is made. Raises ClosedError, OSError and NotStartable."""
    record = Record(
        name=attempt.name,
        limit=launch.output_limit,
        kill_after=launch.kill_after,
        quiet=launch.quiet_timeout,
        masked=bool(launch.masks),
        mark=secrets.token_hex(8) if launch.parts else None,
        services=[service.name for service in launch.services],
    )
    write_record(attempt.folder, record)
    reach("docker.recorded")
    log = LogFile(open_log(str(attempt.log_path)))
    try:
        _prepare(attempt, launch, engine, record, log, owner)
        return record
    except _Unfit as unfit:
        cause, message = unfit.args
    except PullError as error:
        cause, message = _full(error) or pull_cause(str(error)), str(error)
    except ServiceError as error:
        cause, message = "name-taken" if isinstance(error, NameTakenError) else "service-failed", str(error)
        _show_services(attempt, launch, engine, log)
    except EngineAway as error:
        attempt.check()
        cause, message = "runner-unavailable", str(error)
    except Refused as refused:
        cause, message = _full(refused) or "start-failed", f"the engine refused: {refused}"
    finally:
        log.close()
    if attempt.stop_asked and not attempt.starting:
        cause, message = None, "stopped before it started"
    return Over(now_millis(), None, cause=cause, message=masked_text(message, launch.masks))


def _full(error: Exception) -> str | None:
    """The engine has no other word for it."""
    return "disk-full" if "no space left on device" in str(error) else None


def _show_services(attempt: Attempt, launch: Launch, engine: Engine, log: LogFile) -> None:
    with contextlib.suppress(EngineAway):
        mask = Mask(launch.masks) if launch.masks else None
        for line in last_lines(attempt, engine, [service.name for service in launch.services]):
            log.write(mask.whole(line) if mask is not None else line)


def _prepare(attempt: Attempt, launch: Launch, engine: Engine, record: Record, log: LogFile, owner: str) -> None:
    for note in launch.notes:
        log.write(note.encode() + b"\n")
    if not launch.image:
        raise _Unfit("start-failed", "a step on the docker runner needs an image")

    def say(line: str) -> None:
        log.write(f"windlass: {line}\n".encode())

    try:
        around = _around(attempt, launch, engine, owner, say)
        body = create_body(launch, ARGV if launch.parts else launch.argv, attempt.folder, around)
        drives = driver_files(launch, record.mark) if record.mark is not None else {}
    except (ValueError, UsageError) as error:
        raise _Unfit("start-failed", str(error)) from error
    found = _created(attempt, launch, engine, body, say)
    if found["State"]["Status"] != "created":
        return  # of an earlier life: it has been started
    _fill(attempt, launch, engine, found, drives)
    record.head = log.size
    write_record(attempt.folder, record)
    with attempt.lock:
        if attempt.stop_asked:
            raise _Unfit(None, "stopped before it started")
        attempt.starting = True
    reach("docker.created")
    with contextlib.suppress(EngineAway):  # whether it has heard shows when it is back
        engine.json("POST", f"/containers/{found['Id']}/start")
    reach("docker.started")


def _around(attempt: Attempt, launch: Launch, engine: Engine, owner: str, say: Callable[[str], None]) -> Around:
    """With services, once they are ready. Raises what `begin_services` does, and UsageError."""
    network = None
    if launch.services:
        network = begin_services(
            attempt,
            launch,
            engine,
            owner,
            lambda image: pull(engine, image, say, attempt.preparing, launch.registries),
            say,
        )
    if not launch.docker:
        return Around(owner, network)
    return Around(owner, network, (engine_inside(engine.environment),), VARIABLES)


def _created(
    attempt: Attempt, launch: Launch, engine: Engine, body: dict[str, Any], say: Callable[[str], None]
) -> dict[str, Any]:
    """The container as `inspect` has it."""
    try:
        _create(attempt, engine, body)
    except Refused as refused:
        if refused.status == 404:
            pull(engine, str(body["Image"]), say, attempt.preparing, launch.registries)
            _create(attempt, engine, body)
        else:
            raise
    found: dict[str, Any] = engine.json("GET", f"/containers/{attempt.name}/json")
    if not is_ours(found, attempt.key):
        raise _Unfit("name-taken", f"there is a container {attempt.name} already, which is not of this attempt")
    return found


def _create(attempt: Attempt, engine: Engine, body: dict[str, Any]) -> None:
    """Its name being taken is no error yet."""
    try:
        engine.json("POST", "/containers/create", body, name=attempt.name)
    except Refused as refused:
        if refused.status != 409:
            raise


def _fill(attempt: Attempt, launch: Launch, engine: Engine, found: dict[str, Any], extra: Mapping[str, str]) -> None:
    owner = _owner(engine, found)
    tar, size = packed(launch, attempt.folder, owner, extra)
    with tar:
        engine.put_archive(found["Id"], tar, size, attempt.preparing)


def _owner(engine: Engine, found: dict[str, Any]) -> tuple[int, int]:
    """Whom the files must belong to: the user that the image runs as."""
    user = str(found.get("Config", {}).get("User") or "")
    if user.partition(":")[0] in ("", "0", "root"):
        return 0, 0
    accounts = b""
    path = f"/containers/{found['Id']}/archive"
    with contextlib.suppress(Refused), engine.exchange("GET", path, query={"path": "/etc/passwd"}) as answer:
        accounts = one_file(answer, PASSWD)
    return owner_in(user, accounts.decode("utf-8", "replace"))
