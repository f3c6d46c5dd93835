"""`windlass up` as a process, and the verbs that talk to it: how it starts, refuses to, stops, and is asked."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from tests.slow.processes import marked
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

SLEEPER = "steps: {it: {run: 'echo begun; sleep 300'}}\nfinally: {tidy: {run: echo tidied}}\n"


@pytest.fixture
def up(repo: Repo, serve: MakeServer) -> Server:
    repo.add("sleeper", SLEEPER)
    greet = "steps: {it: {env: {W: '${{ inputs.who }}'}, run: echo hello $W}}\n"
    repo.add("greet", f"inputs: {{who: {{type: string, default: you}}}}\n{greet}")
    repo.add("fails", "steps: {it: {run: exit 3}}\n")
    repo.add("hourly", "triggers: {schedule: [{every: 1h}]}\nsteps: [{run: 'true'}]\n")
    return serve(repo.path)


def running(server: Server, name: str = "sleeper") -> str:
    run = server.begin("shop", name)
    until(lambda: server.step_log(run, "it").content)
    return run


# ---- the verbs


def test_runs_lists_them(home: Home, up: Server) -> None:
    first, second = up.ended(up.begin("shop", "greet")), up.ended(up.begin("shop", "fails"))
    table = home.windlass("runs", "--data", str(up.data))
    assert table.returncode == 0
    head, *rows = table.stdout.splitlines()
    assert head.split()[:4] == ["RUN", "REPOSITORY", "WORKFLOW", "STATUS"]
    assert [row.split()[:4] for row in rows] == [
        [second["id"], "shop", "fails", "failed"],
        [first["id"], "shop", "greet", "succeeded"],
    ]
    listed = json.loads(home.windlass("runs", "--status", "failed", "--output", "json", "--server", up.url).stdout)
    assert [item["id"] for item in listed["items"]] == [second["id"]]
    named = home.windlass("runs", "--workflow", "greet", "--output", "yaml", env={"WINDLASS_SERVER": up.url})
    assert first["id"] in named.stdout
    assert second["id"] not in named.stdout


def test_runs_says_what_a_run_waits_for(home: Home, up: Server, repo: Repo) -> None:
    repo.add("grouped", "concurrency: {group: one}\n" + SLEEPER)
    up.reconcile("shop")
    first = running(up, "grouped")
    second = up.begin("shop", "grouped")
    until(lambda: up.run(second)["status"] == "waiting")
    table = home.windlass("runs", "--status", "waiting", "--server", up.url).stdout
    assert f"waits for run {first}, which holds one" in table
    assert home.windlass("cancel", second, "--server", up.url).returncode == 0
    assert up.ended(second)["startedAt"] is None
    up.post(f"/runs/{first}/cancel", code=202)
    up.ended(first)


def test_logs_follow_until_the_end_and_cancel_brings_it(home: Home, up: Server) -> None:
    run = running(up)
    with home.start("logs", "-f", run, "--data", str(up.data)) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "it │ begun\n"
        assert following.poll() is None
        cancelled = home.windlass("cancel", run, "--data", str(up.data))
        assert (cancelled.returncode, cancelled.stdout.split()[0]) == (0, run)
        assert following.stdout.read() == "tidy │ tidied\n"
        assert following.wait(60) == 0
    assert up.ended(run)["status"] == "cancelled"
    assert home.windlass("cancel", run, "--data", str(up.data)).returncode == 1
    bare = home.windlass("logs", run, "it", "--data", str(up.data))
    assert (bare.returncode, bare.stdout) == (0, "begun\n")
    assert home.windlass("logs", run, "nope", "--data", str(up.data)).returncode == 1
    assert home.windlass("logs", "01NOPE", "--data", str(up.data)).returncode == 1


def test_run_on_a_server(home: Home, up: Server) -> None:
    text = home.windlass("run", "shop/greet", "--input", "who=there", "--server", up.url)
    assert text.returncode == 0, text.stderr
    assert text.stdout.startswith("it │ hello there\n")
    assert "succeeded greet" in text.stdout
    asked = home.windlass("run", "shop/fails", "--output", "json", "--server", up.url)
    assert (asked.returncode, json.loads(asked.stdout)["status"]) == (1, "failed")
    wrong = home.windlass("run", "shop/greet", "--input", "surplus=1", "--server", up.url)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "surplus" in wrong.stderr
    unknown = home.windlass("run", "shop/gret", "--server", up.url)
    assert (unknown.returncode, "no workflow gret in repository shop" in unknown.stderr) == (2, True)
    detached = home.windlass("run", "shop/sleeper", "--detach", "--server", up.url)
    assert detached.returncode == 0
    run = detached.stdout.strip()
    assert up.run(run)["status"] in ("queued", "running")
    up.post(f"/runs/{run}/cancel", code=202)
    up.ended(run)


def test_ctrl_c_detaches_from_a_run_on_a_server(home: Home, up: Server) -> None:
    with home.start("run", "shop/sleeper", "--server", up.url) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "it │ begun\n"
        following.send_signal(signal.SIGINT)
        _, said = following.communicate(timeout=60)
    assert following.returncode == 130
    (run,) = up.runs(workflow="sleeper")
    assert f"windlass cancel {run['id']}" in said
    assert up.run(run["id"])["status"] == "running"
    up.post(f"/runs/{run['id']}/cancel", code=202)
    up.ended(run["id"])


def test_next_and_doctor(home: Home, up: Server, repo: Repo) -> None:
    fires = json.loads(home.windlass("next", "--count", "3", "--output", "json", "--server", up.url).stdout)
    assert [set(fire) for fire in fires] == [{"repository", "workflow", "trigger", "at"}] * 3
    assert {(f["repository"], f["workflow"], f["trigger"]) for f in fires} == {("shop", "hourly", "schedule[0]")}
    assert [fire["at"] for fire in fires] == sorted({fire["at"] for fire in fires})
    since = "2026-12-01T00:00:00Z"
    here = home.windlass("next", "--count", "1", "--from", since, "--output", "json", cwd=repo.path)
    assert json.loads(here.stdout) == [
        {"repository": "shop", "workflow": "hourly", "trigger": "schedule[0]", "at": "2026-12-01T01:00:00.000Z"},
    ]
    doctor = home.windlass("doctor", "--data", str(up.data), "--output", "json")
    assert doctor.returncode == 0, doctor.stdout
    found = {finding["check"]: finding for finding in json.loads(doctor.stdout)}
    assert found["server"]["status"] == "ok"
    assert up.url in found["server"]["message"]


def test_without_a_server_it_is_3(home: Home) -> None:
    for words in (("runs",), ("logs", "01M7YCQNDPDSPJN97RVKRWQ1G1"), ("cancel", "x")):
        done = home.windlass(*words)
        assert (done.returncode, done.stdout) == (3, ""), words
        assert "windlass up" in done.stderr
    gone = home.windlass("runs", "--server", "http://127.0.0.1:9")
    assert (gone.returncode, gone.stdout, "Traceback" in gone.stderr) == (3, "", False)


def test_a_dead_server_is_no_server(home: Home, repo: Repo, serve: MakeServer) -> None:
    repo.add("it", "steps: [{run: 'true'}]\n")
    server = serve(repo.path)
    server.kill()
    assert home.windlass("runs", "--data", str(server.data)).returncode == 3


# ---- its life


def test_a_second_server_on_the_same_data_is_refused(home: Home, up: Server, repo: Repo) -> None:
    second = home.windlass("up", str(repo.path), "--listen", "127.0.0.1:0", "--data", str(up.data))
    assert (second.returncode, second.stdout) == (2, "")
    assert str(up.pid) in second.stderr
    assert up.http.get("/readyz").status_code == 200
    other = home.folder / "other"
    port = up.url.rpartition(":")[2]
    taken = home.windlass("up", str(repo.path), "--listen", f"127.0.0.1:{port}", "--data", str(other))
    assert (taken.returncode, taken.stdout) == (2, "")
    assert port in taken.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--listen", "0.0.0.0:0"),
        ("--listen", "nonsense"),
        ("--poll", "nonsense"),
        ("--config", "no-such-file.yaml"),
        ("no-such-folder",),
    ],
)
def test_refusals_to_start(home: Home, repo: Repo, words: tuple[str, ...]) -> None:
    repo.add("it", "steps: [{run: 'true'}]\n")
    done = home.windlass("up", *words, "--data", str(home.folder / "data"), cwd=repo.path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert words[-1] in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_server_file_is_shown_with_its_place(home: Home, repo: Repo) -> None:
    repo.add("it", "steps: [{run: 'true'}]\n")
    config = home.folder / "windlass-server.yaml"
    config.write_text("secrets:\n  KEY: {file: /no/such/file}\nlisten: 127.0.0.1:0\nlisten_to: x\n")
    done = home.windlass("up", str(repo.path), "--config", str(config), "--data", str(home.folder / "data"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{config}:4:1: " in done.stderr
    config.write_text("secrets:\n  KEY: {file: /no/such/file}\nlisten: 127.0.0.1:0\n")
    done = home.windlass("up", str(repo.path), "--config", str(config), "--data", str(home.folder / "data"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "KEY" in done.stderr


def test_with_tokens(home: Home, repo: Repo, serve: MakeServer) -> None:
    """All but hooks, probes and the description needs one; the verbs send it from WINDLASS_TOKEN."""
    repo.add("it", "triggers: {webhook: [{name: it, verify: {scheme: none}}]}\nsteps: [{run: 'true'}]\n")
    (home.folder / "token").write_text("a-token-of-some-length\n")
    config = home.folder / "windlass-server.yaml"
    config.write_text(f"auth: {{tokens: [{{file: {home.folder}/token}}]}}\n")
    server = serve(repo.path, words=("--config", str(config)))
    for path in ("/api/v1/runs", "/api/v1/workflows", "/metrics"):
        assert server.http.get(path).status_code == 401
        assert server.http.get(path, headers={"Authorization": "Bearer a-token-of-some-length"}).status_code == 200
    assert server.http.get("/healthz").status_code == 200
    assert server.http.post("/hooks/shop/it", json={}).status_code == 202
    assert home.windlass("runs", "--server", server.url).returncode == 2
    listed = home.windlass("runs", "--server", server.url, env={"WINDLASS_TOKEN": "a-token-of-some-length"})
    assert listed.returncode == 0
    assert "a-token-of-some-length" not in server.log


def test_interrupted_once_it_leaves_the_steps_twice_it_ends_them(repo: Repo, serve: MakeServer) -> None:
    repo.add("sleeper", SLEEPER)
    server = serve(repo.path)
    run = running(server)
    os.kill(server.pid, signal.SIGINT)
    until(lambda: "Ctrl-C again" in server.log)
    os.kill(server.pid, signal.SIGINT)
    assert server.wait() == 0
    until(lambda: not _sleepers(server))
    server.start()
    assert server.ended(run)["status"] in ("failed", "cancelled")  # it was ended by a signal, and that is known


def test_interrupted_without_steps_it_ends_at_once(repo: Repo, serve: MakeServer) -> None:
    repo.add("it", "steps: [{run: 'true'}]\n")
    server = serve(repo.path)
    os.kill(server.pid, signal.SIGINT)
    assert server.wait() == 0
    assert "Ctrl-C again" not in server.log, "there is nothing to think about"


def test_a_stopped_server_keeps_steps_and_a_restart_finds_them(repo: Repo, serve: MakeServer) -> None:
    repo.add("sleeper", SLEEPER)
    server = serve(repo.path)
    run = running(server)
    server.stop()
    assert _sleepers(server)
    assert not (server.data / "server.json").exists()
    server.start()
    assert server.run(run)["status"] == "running"
    server.post(f"/runs/{run}/cancel", code=202)
    assert server.ended(run)["status"] == "cancelled"
    until(lambda: not _sleepers(server))


def test_what_has_ended_stays_as_it_was_over_a_restart(up: Server) -> None:
    for name in ("greet", "fails", "greet"):
        up.ended(up.begin("shop", name))
    before = {run["id"]: up.run(run["id"]) for run in up.runs()}
    logs = {run: up.step_log(run, "it").content for run in before}
    up.stop()
    up.start()
    assert {run["id"]: up.run(run["id"]) for run in up.runs()} == before
    assert {run: up.step_log(run, "it").content for run in before} == logs


def test_no_repository_at_all_is_wrong_use(home: Home) -> None:
    done = home.windlass("up", "--listen", "127.0.0.1:0", "--data", str(home.folder / "data"), "not-there")
    assert (done.returncode, done.stdout) == (2, "")


def _sleepers(server: Server) -> list[int]:
    return [pid for pid, line in marked(f"{server.home.folder}/").items() if line.startswith("sleep 300")]
