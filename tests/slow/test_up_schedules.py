"""`windlass up` and the clock: ticks of intervals and cron lines, at most one run each, also over a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.slow.promises import one_run_a_tick
from tests.slow.repo import workflow
from tests.slow.waiting import until

from windlass.clock import from_rfc3339

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

GROUP = "schedule/queue/schedule[0]"
STEPS = "steps: [{run: 'true'}]\n"


def ticks(server: Server, name: str) -> list[int]:
    """The nominal times of its runs in seconds, in order."""
    return sorted(from_rfc3339(run["trigger"]["scheduledAt"]) // 1000 for run in server.runs(workflow=name))


def test_intervals_and_cron_lines_fire(repo: Repo, serve: MakeServer) -> None:
    repo.commit(
        {
            f"workflows/{name}.yaml": workflow(name, f"triggers: {{schedule: [{schedule}]}}\n{STEPS}")
            for name, schedule in {
                "every": "{every: 1s}",
                "even": "{cron: '*/2 * * * * *', inputs: {}}",
                "off": "{every: 1s, enabled: false}",
                "later": "{every: 1s, start: 2999-01-01}",
            }.items()
        }
    )
    server = serve(repo.path)
    until(lambda: len(ticks(server, "even")) >= 2)
    until(lambda: len(ticks(server, "every")) >= 3)
    even, every = ticks(server, "even"), ticks(server, "every")
    assert {second % 2 for second in even} == {0}
    assert every == list(range(every[0], every[0] + len(every)))  # none was left out
    assert ticks(server, "off") == ticks(server, "later") == []
    run = server.runs(workflow="every")[-1]
    assert (run["trigger"]["kind"], run["trigger"]["name"]) == ("schedule", "schedule[0]")
    assert run["actor"]["kind"] == "schedule"
    one_run_a_tick(server, "shop", "every")
    late = from_rfc3339(run["createdAt"]) - from_rfc3339(run["trigger"]["scheduledAt"])
    assert late >= 0


def test_ticks_missed_while_the_server_is_down_are_settled(repo: Repo, serve: MakeServer) -> None:
    policies = {"skipping": "skip", "latest": "latest", "everything": "{policy: all, limit: 10}"}
    repo.commit(
        {
            f"workflows/{name}.yaml": workflow(name, f"triggers: {{schedule: [{{every: 2s, missed: {how}}}]}}\n{STEPS}")
            for name, how in policies.items()
        }
    )
    server = serve(repo.path)
    until(lambda: all(ticks(server, name) for name in policies))
    server.stop()
    began = time.time()
    until(lambda: time.time() > began + 8)  # two ticks lie in what is counted below, wherever it begins
    up_again = time.time()
    server.start()
    until(lambda: all(ticks(server, name)[-1] > up_again for name in policies))
    missed = {n: [t for t in ticks(server, n) if began < t <= up_again - 2] for n in policies}
    assert missed["skipping"] == []
    assert len(missed["latest"]) <= 1
    assert len(missed["everything"]) >= 2
    for name in policies:
        one_run_a_tick(server, "shop", name)
    reasons = [item["reason"] for item in server.get("/workflows/shop/skipping/firings")["items"] if not item["run"]]
    assert reasons
    assert all("missed" in reason for reason in reasons)


def test_a_tick_waits_for_the_run_of_the_tick_before(home: Home, repo: Repo, serve: MakeServer) -> None:
    gate = home.folder / "gate"
    it = f"steps: [{{timeout: 10m, run: 'until [ -e {gate} ]; do sleep 0.02; done'}}]\n"
    repo.commit(
        {
            f"workflows/{rule}.yaml": workflow(rule, f"triggers: {{schedule: [{{every: 1s, overlap: {rule}}}]}}\n{it}")
            for rule in ("queue", "skip", "allow", "replace")
        }
    )
    server = serve(repo.path)
    until(lambda: len(server.runs(workflow="queue")) >= 3 and len(server.runs(workflow="allow")) >= 3)
    assert {run["status"] for run in server.runs(workflow="allow")} <= {"queued", "running"}

    def decided() -> list[dict[str, Any]]:
        first = server.runs(workflow="queue")[:-4:-1]
        return first if [run["status"] for run in first] == ["running", "waiting", "waiting"] else []

    queued = until(decided)
    assert {run["message"] for run in queued[1:3]} == {f"waits for run {queued[0]['id']}, which holds {GROUP}"}
    replaced = until(lambda: server.runs(workflow="replace", status="cancelled")[1:])
    assert {run["cause"] for run in replaced} == {"replaced"}
    (only,) = server.runs(workflow="skip")
    until(lambda: any(only["id"] in (i["reason"] or "") for i in server.get("/workflows/shop/skip/firings")["items"]))
    server.kill()
    server.start()
    waiting = server.runs(workflow="queue")[::-1]
    assert [run["status"] for run in waiting[:2]] == ["running", "waiting"]
    gate.touch()
    first = [server.ended(run["id"]) for run in waiting[:3]]
    assert {run["status"] for run in first} == {"succeeded"}
    assert first[0]["endedAt"] <= first[1]["startedAt"] <= first[1]["endedAt"] <= first[2]["startedAt"]


def test_a_schedule_that_is_edited_or_removed_stops(repo: Repo, serve: MakeServer) -> None:
    repo.add("it", f"triggers: {{schedule: [{{every: 1s}}]}}\n{STEPS}")
    repo.add("other", f"triggers: {{schedule: [{{every: 1s}}]}}\n{STEPS}")
    server = serve(repo.path)
    until(lambda: ticks(server, "it") and ticks(server, "other"))
    repo.add("it", f"triggers: {{schedule: [{{every: 1h}}]}}\n{STEPS}")
    server.reconcile("shop")
    before = ticks(server, "it")
    seen = len(ticks(server, "other"))
    until(lambda: len(ticks(server, "other")) >= seen + 2)
    assert ticks(server, "it") == before
    (fire,) = server.get("/workflows/shop/it")["next"][:1]
    assert from_rfc3339(fire["at"]) % 3_600_000 == 0
