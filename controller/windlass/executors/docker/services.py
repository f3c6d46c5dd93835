"""Helper containers of an attempt: started before its program on a network of their own, gone after it.

In: an attempt whose launch has services. Out: the network that its container joins, once every service is ready; later
what they wrote, and nothing left of them. Names and labels follow from the attempt, so that whoever removes it needs
to know nothing else: also after this program was killed.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from windlass.executors.docker.api import Refused
from windlass.executors.docker.bounds import host_bounds
from windlass.executors.docker.container import LOG, OWNER, labels
from windlass.executors.docker.frames import payloads
from windlass.executors.docker.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from windlass.executors.docker.api import Engine
    from windlass.executors.docker.attempt import Attempt
    from windlass.runs.beside import LaunchService
    from windlass.runs.model import AttemptKey, Launch

SERVICE = "windlass.service"  # a label: the service's name
READY = 120.0  # seconds that services may take together
LOOK = 0.1  # seconds between two looks at one
LINES = 200  # of the log of each, at its end
BYTES = 64 * 1024


class ServiceError(Exception):
    """One of them does not come up; the text says why."""


class NameTakenError(ServiceError):
    """A container or network of its name is somebody else's."""


def service_container(attempt: Attempt, service: str) -> str:
    return f"{attempt.name}-{service}"


def begin_services(
    attempt: Attempt,
    launch: Launch,
    engine: Engine,
    owner: str,
    pull: Callable[[str], None],
    say: Callable[[str], None],
) -> str:
    """The network's name. `pull` fetches an image. Raises EngineAway, Refused, PullError, ServiceError, ValueError and
    ClosedError."""
    own = {**labels(launch.key), OWNER: owner}
    _make_network(engine, attempt.name, own)
    for service in launch.services:
        body = _body(service, attempt.name, own)
        name = service_container(attempt, service.name)
        _create(engine, name, body, pull)
        engine.json("POST", f"/containers/{name}/start")
    deadline = time.monotonic() + READY
    for service in launch.services:
        _wait(attempt, engine, service, deadline)
        say(f"the service {service.name} is ready")
    return attempt.name


def _make_network(engine: Engine, name: str, own: dict[str, str]) -> None:
    """One of this name is used as it is when it is ours. Raises Refused."""
    try:
        body = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "Labels": own}
        engine.json("POST", "/networks/create", body)
    except Refused as refused:
        if refused.status != 409:
            raise
        found = engine.json("GET", f"/networks/{name}")
        if any((found.get("Labels") or {}).get(label) != value for label, value in own.items()):
            raise NameTakenError(f"there is a network {name} already, which is not of this attempt") from refused


def _body(service: LaunchService, network: str, own: dict[str, str]) -> dict[str, Any]:
    words = list(service.argv)
    return {
        "Image": service.image,
        **({"Entrypoint": words[:1], "Cmd": words[1:]} if words else {}),
        "Env": [*(f"{name}={value}" for name, value in service.env.items()), *service.unset],
        "Labels": {**own, SERVICE: service.name},
        "HostConfig": {
            "NetworkMode": network,
            "LogConfig": LOG,
            "RestartPolicy": {"Name": "no"},
            **host_bounds(service.resources),
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": [service.name]}}},
    }


def _create(engine: Engine, name: str, body: dict[str, Any], pull: Callable[[str], None]) -> None:
    """Its name being taken is no error: whose it is, is asked when it is waited for."""
    for again in (False, True):
        try:
            engine.json("POST", "/containers/create", body, name=name)
            return
        except Refused as refused:
            if refused.status == 404 and not again:
                pull(str(body["Image"]))
            elif refused.status == 409:
                return
            else:
                raise


def _wait(attempt: Attempt, engine: Engine, service: LaunchService, deadline: float) -> None:
    """Until it is healthy, if its image says what that is, and its ports answer."""
    name = service_container(attempt, service.name)
    readiness = Readiness(engine, name, service.ports)
    while True:
        attempt.check()
        if attempt.stop_asked:
            raise ServiceError("stopped before it started")
        found = engine.json("GET", f"/containers/{name}/json")
        if found["Config"]["Labels"].get(SERVICE) != service.name:
            raise NameTakenError(f"there is a container {name} already, which is not of this attempt")
        state = found["State"]
        if not state["Running"]:
            said = state.get("Error") or ("memory ran out" if state.get("OOMKilled") else None)
            raise ServiceError(f"the service {service.name} ended with exit code {state['ExitCode']}{_said(said)}")
        missing = readiness.missing(found)
        if missing is None:
            return
        if time.monotonic() > deadline:
            raise ServiceError(f"the service {service.name} is not ready after {READY:g} s: {missing}")
        attempt.finished.wait(LOOK)


def _said(words: str | None) -> str:
    return f": {words}" if words else ""


def last_lines(attempt: Attempt, engine: Engine, services: Sequence[str]) -> Iterator[bytes]:
    """What each wrote at its end, a heading before it; nothing of one that wrote nothing. Raises EngineAway."""
    for service in services:
        query = {"stdout": "1", "stderr": "1", "tail": str(LINES)}
        path = f"/containers/{service_container(attempt, service)}/logs"
        try:
            with engine.exchange("GET", path, query=query) as answer:
                text = b"".join(payloads(answer))[-BYTES:]
        except Refused:
            continue
        if text:
            yield f"windlass: the service {service} wrote:\n".encode()
            for line in text.splitlines():
                yield f"{service}: ".encode() + line + b"\n"


def remove_services(attempt: Attempt, engine: Engine, services: Sequence[str]) -> None:
    """With their anonymous volumes and the network; what is not ours stays. Raises EngineAway and Refused."""
    for service in services:
        name = service_container(attempt, service)
        with contextlib.suppress(_Gone), _gone_is_fine():
            found = engine.json("GET", f"/containers/{name}/json")
            if _is_ours(found["Config"].get("Labels"), attempt.key):
                engine.json("DELETE", f"/containers/{found['Id']}", force="1", v="1")
    with contextlib.suppress(_Gone), _gone_is_fine():
        network = engine.json("GET", f"/networks/{attempt.name}")
        if _is_ours(network.get("Labels"), attempt.key):
            engine.json("DELETE", f"/networks/{network['Id']}")


class _Gone(Exception):
    pass


@contextlib.contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.status in (404, 409):
            raise _Gone from refused
        raise


def _is_ours(has: dict[str, str] | None, key: AttemptKey) -> bool:
    return all((has or {}).get(name) == value for name, value in labels(key).items())
