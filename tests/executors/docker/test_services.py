"""Helper containers on a real engine: ready before the program, known by name, gone with it, their words in its log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.canary import secret
from tests.executors.conftest import Docker, wait_until
from tests.executors.docker.test_ends import WAITING

from windlass.executors.docker.readiness import listening
from windlass.runs.beside import LaunchService
from windlass.runs.model import Stop

if TYPE_CHECKING:
    from tests.docker_engine import Dockerd

SECRET = secret("docker.services")
IMAGE = "windlass-test:1"
SERVE = "echo serving; mkdir -p /www; echo $SAID > /www/index.html; exec httpd -f -p 8080 -h /www"
WEB = LaunchService("web", IMAGE, {"SAID": "hello there"}, argv=("sh", "-c", SERVE), ports=(8080,))


def networks(dockerd: Dockerd, run: str) -> list[str]:
    filters = json.dumps({"label": [f"windlass.run={run}"]})
    return [found["Name"] for found in dockerd.engine.json("GET", "/networks", filters=filters)]


def nothing_left(docker: Docker) -> bool:
    named = [name for name in docker.dockerd.containers() if docker.run in name]
    return not named and not networks(docker.dockerd, docker.run)


def test_a_service_is_there_by_its_name_and_goes(docker: Docker) -> None:
    ended = docker.end("wget -qO- http://web:8080/; echo $?", services=(WEB,))
    assert ended.exit_code == 0
    assert docker.log() == (
        b"windlass: the service web is ready\nhello there\n0\nwindlass: the service web wrote:\nweb: serving\n"
    )
    wait_until(lambda: nothing_left(docker))


def test_services_know_one_another(docker: Docker) -> None:
    ask = "until wget -qO /tmp/x http://web:8080/; do sleep 0.05; done; echo got > /tmp/i; exec httpd -f -p 81 -h /tmp"
    second = LaunchService("second", IMAGE, argv=("sh", "-c", ask), ports=(81,))
    ended = docker.end("wget -qO- http://second:81/i", services=(second, WEB))
    assert (ended.exit_code, b"\ngot\n" in docker.log()) == (0, True)


def test_a_service_that_ends_is_the_end_of_the_attempt(docker: Docker) -> None:
    broken = LaunchService("db", IMAGE, {"KEY": SECRET}, argv=("sh", "-c", "echo no $KEY; exit 3"), ports=(1,))
    ended = docker.end("echo never", services=(broken,), masks=(SECRET,))
    assert (ended.exit_code, ended.cause) == (None, "service-failed")
    assert ended.message == "the service db ended with exit code 3"
    assert docker.log() == b"windlass: the service db wrote:\ndb: no ***\n"
    wait_until(lambda: nothing_left(docker))


def test_an_image_that_declares_its_health_is_waited_for(docker: Docker) -> None:
    change = 'HEALTHCHECK --interval=100ms CMD ["test","-e","/tmp/well"]'
    docker.dockerd.commit("windlass-health:1", change)
    service = LaunchService("sick", "windlass-health:1", argv=("sh", "-c", "sleep 0.3; touch /tmp/well; sleep 1000"))
    ended = docker.end("echo ran", services=(service,))
    assert (ended.exit_code, docker.log()) == (0, b"windlass: the service sick is ready\nran\n")


def test_a_stop_while_services_begin(docker: Docker) -> None:
    never = LaunchService("slow", IMAGE, argv=("sleep", "1000"), ports=(9,))
    executor = docker.executor()
    launch = docker.launch("echo never", services=(never,))
    executor.start([launch])
    wait_until(lambda: any(name.endswith("-slow") for name in docker.dockerd.containers()))
    executor.stop(Stop(launch.key, 0))
    ended = docker.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.cause, ended.message) == (None, "stopped before it started")
    wait_until(lambda: nothing_left(docker))


def test_services_are_adopted_with_their_attempt(docker: Docker) -> None:
    first = docker.executor()
    launch = docker.launch(f"{WAITING}; wget -qO- http://web:8080/", services=(WEB,))
    first.start([launch])
    handle = docker.seen.started(launch.key).handle
    first.close(kill=False)
    assert networks(docker.dockerd, docker.run)
    second = docker.executor()
    second.adopt({launch.key: handle})
    docker.dockerd.put(docker.container(), "/tmp/go", b"")
    assert docker.seen.ended(launch.key).exit_code == 0
    second.close(kill=True)
    assert docker.log().endswith(b"done\nhello there\nwindlass: the service web wrote:\nweb: serving\n")
    wait_until(lambda: nothing_left(docker))


def test_what_was_begun_when_the_controller_was_killed_goes(docker: Docker) -> None:
    """Killed while its services begin: the attempt is lost, and nothing of it stays."""
    never = LaunchService("slow", IMAGE, argv=("sleep", "1000"), ports=(9,))
    first = docker.executor()
    launch = docker.launch("echo never", services=(never,))
    first.start([launch])
    wait_until(lambda: any(name.endswith("-slow") for name in docker.dockerd.containers()))
    first.close(kill=False)
    second = docker.executor()
    second.adopt({launch.key: None})
    assert docker.seen.ended(launch.key).cause == "lost"
    second.close(kill=True)
    wait_until(lambda: nothing_left(docker))


@pytest.mark.parametrize("what", ["network", "container"])
def test_a_name_that_is_taken_stays_with_whom_it_belongs_to(docker: Docker, what: str) -> None:
    engine, name = docker.dockerd.engine, docker.container()
    if what == "network":
        made = f"/networks/{engine.json('POST', '/networks/create', {'Name': name})['Id']}"
    else:
        body = {"Image": IMAGE, "Cmd": ["true"]}
        made = f"/containers/{engine.json('POST', '/containers/create', body, name=f'{name}-web')['Id']}"
    ended = docker.end("true", services=(LaunchService("web", IMAGE, argv=("sleep", "1000")),))
    assert (ended.exit_code, ended.cause) == (None, "name-taken")
    engine.json("DELETE", made)


def test_ports_that_others_can_reach() -> None:
    table = """\
  sl  local_address rem_address   st
   0: 00000000:1538 00000000:0000 0A 00000000:00000000
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000
   2: 00000000:0051 00000000:0000 01 00000000:00000000
   0: 00000000000000000000000000000000:0CEA 00000000000000000000000000000000:0000 0A
"""
    assert listening(table) == {5432, 3306}
