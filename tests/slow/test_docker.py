"""Steps as containers, by the real command and a real server: mixed runners, services, and `kill -9` of the server in
the middle and at each boundary of the docker runner."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from tests.slow.test_docs import ROOT, blocks
from tests.slow.waiting import until

from windlass.crashpoints import POINTS

if TYPE_CHECKING:
    from tests.docker_engine import Dockerd
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

IMAGE = "windlass-test:1"
WEB = """
    services:
      web: {image: 'windlass-test:1', command: [sh, -c], args: ['mkdir /w; echo hi > /w/i; exec httpd -f -p 80 -h /w'],
            ports: [80]}
"""
LONG = f"""
steps:
  build:
    runner: builds
    shell: sh{WEB}
    outputs: {{n: {{type: string}}}}
    run: |
      echo begun
      until [ -e /tmp/go ]; do sleep 0.05; done
      echo "n=$(wget -qO- http://web/i)" >> "$WINDLASS_OUTPUT"
      echo done
  after: {{runner: local, env: {{N: "${{{{ steps.build.outputs.n }}}}"}}, run: '[ "$N" = hi ]'}}
"""


@pytest.fixture
def config(home: Home, dockerd: Dockerd) -> tuple[str, str]:
    """A server file with the tests' engine under a name."""
    path = home.folder / "windlass-server.yaml"
    path.write_text(f'runners: {{builds: {{kind: docker, host: "{dockerd.host}", image: "{IMAGE}"}}}}\n')
    return "--config", str(path)


def of_run(dockerd: Dockerd, run: str) -> list[dict[str, Any]]:
    """Containers and networks with the label of a run."""
    filters = json.dumps({"label": [f"windlass.run={run}"]})
    containers: list[dict[str, Any]] = dockerd.engine.json("GET", "/containers/json", all="1", filters=filters)
    return [*containers, *dockerd.engine.json("GET", "/networks", filters=filters)]


def test_what_the_page_shows_is_clean_and_runs(home: Home, repo: Repo, dockerd: Dockerd) -> None:
    (text,) = [block for block in blocks(ROOT / "docs/runners.md", "Workflow") if "runner: docker" in block]
    dockerd.engine.json("POST", f"/images/{IMAGE}/tag", repo="busybox", tag="1.36")
    repo.write({"windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\n", "workflows/shown.yaml": text})
    assert home.windlass("check", "--strict", cwd=repo.path).returncode == 0
    done = home.windlass("run", "with-services", "--output", "json", cwd=repo.path, env=dockerd.environment)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["steps"]["fetch"]["outputs"] == {"said": "hello"}
    until(lambda: not of_run(dockerd, result["id"]))


def test_refused_before_anything_runs(home: Home, repo: Repo, config: tuple[str, str]) -> None:
    repo.add("typo", "steps: {a: {runner: bilds, run: x}}")
    repo.add("helped", "steps: {a: {run: x, services: {db: {image: 'postgres:17'}}}}")
    done = home.windlass("run", "typo", *config, cwd=repo.path)
    assert (done.returncode, "there is no runner bilds (did you mean builds?)" in done.stderr) == (2, True)
    done = home.windlass("run", "helped", cwd=repo.path)
    assert (done.returncode, "step a: services need containers" in done.stderr) == (2, True)


def test_doctor_looks_at_each_runner(home: Home, config: tuple[str, str]) -> None:
    done = home.windlass("doctor", *config, "--output", "json")
    (found,) = [one for one in json.loads(done.stdout) if one["check"] == "runner builds"]
    assert found["status"] == "ok", found


def test_docker_inside_is_a_matter_of_policy(
    home: Home, repo: Repo, dockerd: Dockerd, config: tuple[str, str], serve: MakeServer
) -> None:
    repo.add("inside", "steps: {a: {runner: builds, shell: sh, docker: true, run: 'test -S /var/run/docker.sock'}}")
    server = serve(repo.path, words=config)
    result = server.ended(server.begin("shop", "inside"))
    assert (result["status"], result["cause"]) == ("errored", "policy")
    assert "runners.builds.allowDocker is not true" in result["message"]
    done = home.windlass("run", "inside", "--output", "json", *config, cwd=repo.path, env=dockerd.environment)
    assert json.loads(done.stdout)["cause"] == "policy"  # what a file says of a runner holds here too


def test_a_container_is_adopted_after_kill_9(
    repo: Repo, dockerd: Dockerd, config: tuple[str, str], serve: MakeServer
) -> None:
    repo.add("long", LONG)
    server = serve(repo.path, words=config)
    run = server.begin("shop", "long")
    until(lambda: "begun" in server.step_log(run, "build").text)
    server.kill()
    server.start()
    assert server.run(run)["status"] == "running"
    _go_on(dockerd, run)
    result = server.ended(run)
    assert (result["status"], len(result["steps"]["build"]["attempts"])) == ("succeeded", 1)
    assert server.step_log(run, "build").text == "windlass: the service web is ready\nbegun\ndone\n"
    until(lambda: not of_run(dockerd, run))


def _go_on(dockerd: Dockerd, run: str) -> None:
    for found in of_run(dockerd, run):
        if "windlass.service" not in found["Labels"] and "Names" in found:
            dockerd.put(found["Id"], "/tmp/go", b"")


# A chain: what the first container wrote is an input of the second; the third attempt is a retry.
CHAIN = """
steps:
  - name: one
    runner: builds
    shell: sh
    outputs: {n: {type: integer}}
    run: 'echo once; echo n=7 >> $WINDLASS_OUTPUT'
  - name: two
    runner: builds
    shell: sh
    env: {N: "${{ steps.one.outputs.n }}"}
    retry: {attempts: 2, delay: 20ms}
    run: 'echo once; [ $N$WINDLASS_ATTEMPT = 72 ]'
"""
BOUNDARIES = ["engine.observed", "engine.before-commit", "engine.recorded", "engine.carried-out"]


@pytest.mark.parametrize("point", [f"{point}:{nth}" for point in BOUNDARIES for nth in (2, 4, 6)])
def test_killed_between_two_containers(
    repo: Repo, dockerd: Dockerd, config: tuple[str, str], serve: MakeServer, point: str
) -> None:
    """Whatever the ledger was about to learn: no container starts twice, none stays, no line of a log is lost."""
    repo.add("chain", CHAIN)
    server: Server = serve(repo.path, words=config, started=False)
    assert server.try_start({"WINDLASS_CRASH_AT": point})
    with suppress(httpx2.TransportError):  # it may die before it answers
        server.begin("shop", "chain")
    assert server.wait() == 137, server.log
    server.start()
    (run,) = (one["id"] for one in server.runs())
    result = server.ended(run)
    tried = [(name, one["number"]) for name, step in result["steps"].items() for one in step["attempts"]]
    if result["status"] == "succeeded":
        assert tried == [("one", 1), ("two", 1), ("two", 2)]
        assert [server.step_log(run, name, attempt=n).text for name, n in tried] == ["once\n"] * 3
    else:  # recorded, and the engine had heard nothing yet: nothing proves how far it came
        assert point.startswith(("engine.recorded", "engine.carried-out"))
        assert result["cause"] == "lost"
        assert [server.step_log(run, name, attempt=n).text for name, n in tried[:-1]] == ["once\n"] * (len(tried) - 1)
    assert all(dockerd.times_started(name) == 1 for name in dockerd.started_of(run))
    assert len(dockerd.started_of(run)) == len(tried) - (result["status"] != "succeeded")
    until(lambda: not of_run(dockerd, run))


@pytest.mark.parametrize("point", sorted(point for point in POINTS if point.startswith("docker.")))
def test_killed_there_and_started_again(
    repo: Repo, dockerd: Dockerd, config: tuple[str, str], serve: MakeServer, point: str
) -> None:
    """Nothing runs twice, nothing is left; what cannot be known to have run is lost."""
    repo.add("short", f"steps:\n  a:\n    runner: builds\n    shell: sh\n    run: echo once{WEB}")
    server: Server = serve(repo.path, words=config, started=False)
    assert server.try_start({"WINDLASS_CRASH_AT": point})
    with suppress(httpx2.TransportError):  # it may die before it answers
        server.begin("shop", "short")
    assert server.wait() == 137, server.log
    server.start()
    (run,) = (one["id"] for one in server.runs())
    result = server.ended(run)
    status = "succeeded" if point in ("docker.started", "docker.ended") else "errored"
    assert (result["status"], len(result["steps"]["a"]["attempts"])) == (status, 1)
    assert result["cause"] in (None, "lost")
    assert server.step_log(run, "a").text.count("once") == (1 if status == "succeeded" else 0)
    until(lambda: not of_run(dockerd, run))
