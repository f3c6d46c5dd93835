"""Helper containers as native sidecars, on the real cluster: ready before the program, known by name, gone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import secret
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import IMAGE, TIMEOUT, Kube

from windlass.executors.kubernetes import services as of_pods
from windlass.executors.kubernetes.naming import object_name
from windlass.kube.resources import SECRETS
from windlass.policies.policy import Policy
from windlass.runs.beside import LaunchService
from windlass.runs.model import Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET = secret("kubernetes.services")
SERVE = """
import http.server, os
print("serving", flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["SAID"].encode() + b"\\n")
    def log_message(self, *_): pass
http.server.HTTPServer(("", 8080), Answer).serve_forever()
"""
WEB = LaunchService("web", "windlass.test/python:1", {"SAID": "$(HOME) there"}, (), ("python3", "-c", SERVE), (8080,))
PEEK = 'for one in /proc/[0-9]*/cmdline; do tr "\\0" " " < $one; echo; done 2>/dev/null'


def service(name: str, script: str, ports: Sequence[int] = (), **fields: Any) -> LaunchService:
    return LaunchService(name, IMAGE, argv=("sh", "-c", script), ports=tuple(ports), **fields)


def test_a_service_is_there_by_its_name_and_goes(kube: Kube) -> None:
    found = kube.end("wget -qO- http://web:8080/; echo said=1 >> $WINDLASS_OUTPUT", services=(WEB,))
    assert (found.exit_code, found.cause, found.outputs) == (0, None, b"said=1\n")
    assert kube.log() == b"$(HOME) there\nwindlass: the service web wrote:\nweb: serving\n"

    def states() -> list[list[str]]:
        status = kube.pod()["status"]
        return [list(one["state"]) for one in (*status["initContainerStatuses"], *status["containerStatuses"])]

    wait_until(lambda: states() == [["terminated"], ["terminated"]], TIMEOUT)


def test_all_ports_answer_before_it_begins_and_later_services_know_earlier_ones(kube: Kube) -> None:
    several = (
        "echo got > /tmp/i; httpd -p 81 -h /tmp; sleep 1; httpd -p 127.0.0.1:83 -h /tmp; exec httpd -f -p 82 -h /tmp"
    )
    ask = "for port in 81 82; do wget -O /tmp/$port http://several:$port/i || exit; done; exec httpd -f -p 90 -h /tmp"
    several_, asking = service("several", several, (81, 82)), service("asking", ask, (90,))
    assert kube.end("wget -qO- http://asking:90/81", services=(several_, asking)).exit_code == 0
    assert kube.log().startswith(b"got\nwindlass: the service asking wrote:\n")


def test_a_program_that_fails_ends_its_services_too(kube: Kube) -> None:
    found = kube.end("exit 7", services=(service("idle", "sleep 1000"),))
    assert (found.exit_code, found.cause) == (7, None)
    wait_until(lambda: kube.pod()["status"]["phase"] == "Failed", TIMEOUT)


def test_a_service_that_ends_is_the_end_of_the_attempt(kube: Kube) -> None:
    broken = service("db", "echo no $KEY; exit 3", (1,), env={"KEY": SECRET})
    found = kube.end("echo never", services=(broken,), masks=(SECRET,))
    assert (found.exit_code, found.cause) == (None, "service-failed")
    assert found.message == "the service db ended with exit code 3"
    assert kube.log() == b"windlass: the service db wrote:\ndb: no ***\n"
    wait_until(lambda: not kube.pods(), TIMEOUT)


def test_its_values_that_must_not_show_are_in_the_attempts_secret_alone(kube: Kube) -> None:
    hidden = service("db", "sleep 1000", env={"KEY": SECRET, "PLAIN": "x"}, unset=("PATH_INFO",))
    launch = kube.launch("until [ -e /tmp/go ]; do sleep 0.05; done", services=(hidden,), masks=(SECRET,))
    executor = kube.executor()
    executor.start([launch])
    kube.seen.started(launch.key)
    assert SECRET not in str(kube.job()) + str(kube.pod())
    assert "env.db.KEY" in kube.list(SECRETS)[0]["data"]
    kube.execute("step", ": > /tmp/go")
    assert kube.seen.ended(launch.key).exit_code == 0
    executor.close(kill=True)


def test_a_service_that_is_never_ready(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_pods, "READY", 8.0)
    found = kube.end("echo never", services=(service("slow", "echo waiting; sleep 1000", (9,)),))
    assert (found.exit_code, found.cause) == (None, "service-failed")
    assert found.message == "the service slow is not ready, for which it has 8 s: nothing listens on port 9"
    assert ("service-starting", found.message) in kube.delays()
    assert kube.log() == b"windlass: the service slow wrote:\nslow: waiting\n"


@pytest.mark.parametrize(
    ("wrong", "cause", "words"),
    [
        (LaunchService("db", "127.0.0.1:1/team/db:1"), "registry-unavailable", "the service db: "),
        (
            LaunchService("db", IMAGE, argv=("/no/such",)),
            "service-failed",
            "the service db cannot be started: /no/such",
        ),
    ],
)
def test_what_keeps_a_service_from_starting_has_its_own_cause(
    kube: Kube, wrong: LaunchService, cause: str, words: str
) -> None:
    found = kube.end("echo never", services=(wrong,))
    assert (found.exit_code, found.cause) == (None, cause), found.message
    assert words in (found.message or "")


def test_two_services_with_one_port_are_refused(kube: Kube) -> None:
    found = kube.end("true", services=(service("a", "sleep 9", (80,)), service("b", "sleep 9", (80,))))
    assert found.cause == "start-failed"
    assert "services.b.ports: a has the port 80 already" in (found.message or "")
    found = kube.end("true", step="other", services=(service("x" * 60, "sleep 9"),))
    assert "at most 55 characters" in (found.message or "")


def test_the_policy_holds_for_services(kube: Kube) -> None:
    only = Policy("strict", images=("windlass.test/shell",))
    found = kube.end("true", services=(WEB,), terms={"policy": only})
    assert found.cause == "policy"
    assert "spec.initContainers[0].image" in (found.message or "")
    assert kube.end("true", step="fine", services=(service("s", "sleep 9"),), terms={"policy": only}).exit_code == 0


def test_a_stop_while_services_begin(kube: Kube) -> None:
    executor = kube.executor()
    launch = kube.launch("echo never", services=(service("slow", "sleep 1000", (9,)),))
    executor.start([launch])
    wait_until(kube.delays, TIMEOUT)
    executor.stop(Stop(launch.key, 0))
    ended = kube.seen.ended(launch.key)
    executor.close(kill=True)
    assert (ended.exit_code, ended.cause) == (None, None)
    wait_until(lambda: not kube.pods(), TIMEOUT)


def test_services_are_adopted_with_their_attempt(kube: Kube) -> None:
    first = kube.executor()
    script = "until [ -e /tmp/go ]; do sleep 0.05; done; wget -qO- http://web:8080/"
    launch = kube.launch(script, services=(WEB,))
    first.start([launch])
    handle = kube.seen.started(launch.key).handle
    first.close(kill=False)
    second = kube.executor()
    second.adopt({launch.key: handle})
    kube.execute("step", ": > /tmp/go")
    assert kube.seen.ended(launch.key).exit_code == 0
    assert object_name(launch.key) == kube.job()["metadata"]["name"]
    second.close(kill=True)
    assert kube.log() == b"$(HOME) there\nwindlass: the service web wrote:\nweb: serving\n"
