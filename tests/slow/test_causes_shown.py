"""Causes, not mysteries, as users see them: made to happen on the real cluster, read with kubectl and from the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.definitions import install
from tests.slow.processes import end, marked
from tests.slow.repo import workflow
from tests.slow.served_tenant import Served, served
from tests.slow.tenant import run_of
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster
    from tests.slow.home import Home

SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\n"
HEAD = "runner: kubernetes\ndefaults: {image: 'windlass.test/shell:1', shell: sh}\n"
WORKFLOWS = {
    "late": """
timeout: 6s
steps:
  runs: {run: 'echo begun; while :; do sleep 0.1; done'}
  waits: {pod: {nodeSelector: {disk: golden}}, run: 'true'}
  after: {needs: [runs], run: 'true'}
finally:
  tell: {run: 'echo "it is $STATUS"', env: {STATUS: "${{ run.status }}"}}
""",
    "nowhere": "steps: {a: {pod: {nodeSelector: {disk: golden}}, run: 'true'}}\n",
    "image": "steps: {a: {image: '127.0.0.1:1/team/app:1', run: 'true'}}\n",
    "config": "steps: {a: {pod: {volumes: [{name: v, mountPath: /v, configMap: gone}]}, run: 'true'}}\n",
    "memory": """
steps:
  a: {resources: {limits: {memory: 20Mi}}, run: 'x=$(head -c 200000000 /dev/zero | tr "\\\\0" a)'}
""",
    "retried": """
steps:
  a:
    retry: {attempts: 2, delay: 0s}
    run: |
      case $WINDLASS_ATTEMPT in
        1) while :; do sleep 0.1; done ;;
        2) exit 4 ;;
      esac
""",
}


@pytest.fixture(scope="module")
def shop(cluster: Cluster, module_home: Home) -> Iterator[Served]:
    from tests.cluster import namespace_in

    install(cluster)
    with (
        namespace_in(cluster.control_plane, "causes") as namespace,
        served(cluster, namespace, module_home) as found,
    ):
        found.server.start()
        repo = found.repo("shop")
        files = {f"workflows/{name}.yaml": workflow(name, HEAD + text) for name, text in WORKFLOWS.items()}
        repo.commit({"windlass.yaml": SETTINGS, **files})
        found.serve(repo)
        yield found
    end(marked(f"{module_home.folder}/"))


def status(shop: Served, name: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.get("wlrun", name).get("status", {})
    return found


def api(shop: Served, name: str) -> dict[str, Any]:
    return shop.server.run(status(shop, name)["id"])


def pod_of(shop: Served, run: str, attempt: int) -> str | None:
    labels = f"windlass.dev/attempt={attempt}"
    items = json.loads(shop.kubectl("get", "pods", "-o", "json", "-l", labels))["items"]
    mine = [one for one in items if one["metadata"]["annotations"]["windlass.dev/run"] == run]
    return next((one["metadata"]["name"] for one in mine if one["status"].get("phase") == "Running"), None)


def test_what_it_waits_for(shop: Served) -> None:
    name = shop.create(run_of("shop", "nowhere"))
    (held,) = until(lambda: status(shop, name).get("setbacks"), pause=0.2)
    assert (held["step"], held["attempt"], held["state"], held["cause"]) == ("a", 1, "Waiting", "unschedulable")
    assert "node affinity/selector" in held["message"]
    told = "step a, attempt 1 waits for its start (unschedulable): 0/"
    until(lambda: told in shop.kubectl("describe", "wlrun", name), pause=0.2)
    assert [one for one in shop.events(name) if one[:2] == ("Warning", "Unschedulable")]
    run = api(shop, name)
    assert run["steps"]["a"]["attempts"][0]["held"]["cause"] == "unschedulable"
    assert run["steps"]["a"]["message"].startswith("waiting (unschedulable): 0/")
    why = shop.home.windlass("explain", "why", run["id"], "--server", shop.server.url)
    assert "attempt 1 waits for its start (unschedulable): 0/" in why.stdout
    shop.kubectl("delete", "wlrun", name)
    assert shop.server.ended(run["id"])["cause"] == "cancelled-by-user"


def test_how_it_ended(shop: Served) -> None:
    causes = {"image": "registry-unavailable", "config": "config-missing", "memory": "oom-killed"}
    names = {workflow: shop.create(run_of("shop", workflow)) for workflow in causes}
    for one, name in names.items():
        cause, reason = causes[one], "".join(word.capitalize() for word in causes[one].split("-"))
        message = shop.comes_to("wlrun", name, "Succeeded", "False", reason)
        assert (status(shop, name)["phase"], status(shop, name)["cause"]) == ("Errored", cause)
        (setback,) = status(shop, name)["setbacks"]
        assert (setback["state"], setback["cause"]) == ("Ended", cause)
        assert setback["message"] in message
        told = f"step a, attempt 1 did not succeed ({cause}): {setback['message']}"
        until(lambda name=name, told=told: told in shop.kubectl("describe", "wlrun", name), pause=0.2)
        (attempt,) = api(shop, name)["steps"]["a"]["attempts"]
        assert (attempt["status"], attempt["cause"]) == ("errored", cause)
    assert "127.0.0.1:1" in status(shop, names["image"])["message"]
    assert '"gone" not found' in status(shop, names["config"])["message"]


def test_a_disruption_uses_up_no_retry(shop: Served) -> None:
    name = shop.create(run_of("shop", "retried"))
    run = str(until(lambda: status(shop, name).get("id"), pause=0.1))
    pod = str(until(lambda: pod_of(shop, run, 1), pause=0.1))
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": shop.namespace}}
    path = f"/api/v1/namespaces/{shop.namespace}/pods/{pod}/eviction"
    shop.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))
    shop.wait("wlrun", name, "Succeeded")
    attempts = api(shop, name)["steps"]["a"]["attempts"]
    assert [(one["status"], one["cause"]) for one in attempts] == [
        ("errored", "drained"),
        ("failed", "exit-code"),
        ("succeeded", None),
    ], "two attempts are the user's own"
    assert [(one["attempt"], one["cause"]) for one in status(shop, name)["setbacks"]] == [
        (1, "drained"),
        (2, "exit-code"),
    ]

    def warned() -> set[str]:
        return {reason for kind, reason, _ in shop.events(name) if kind == "Warning"}

    until(lambda: warned() >= {"Drained", "ExitCode"}, pause=0.2)
    assert warned() == {"Drained", "ExitCode"}


def test_a_run_over_its_time_leaves_nothing_in_the_cluster(shop: Served) -> None:
    """Both of its Jobs end, that which runs and that which has no node; `finally` runs all the same."""
    name = shop.create(run_of("shop", "late"))
    shop.comes_to("wlrun", name, "Succeeded", "False", "Deadline", 60)
    assert (status(shop, name)["phase"], status(shop, name)["cause"]) == ("Failed", "deadline")
    run = api(shop, name)
    steps = {one: (step["status"], step["cause"]) for one, step in run["steps"].items()}
    assert (run["status"], run["cause"]) == ("failed", "deadline")
    assert [steps[one] for one in ("runs", "waits")] == [("cancelled", "deadline")] * 2
    assert steps["after"][0] in ("cancelled", "skipped")
    assert steps["tell"] == ("succeeded", None)
    assert shop.server.step_log(run["id"], "tell").text == "it is failed\n"
    assert "deadline" in shop.kubectl("describe", "wlrun", name)

    def alive(kind: str) -> list[str]:
        items = json.loads(shop.kubectl("get", kind, "-o", "json"))["items"]
        mine = [one for one in items if one["metadata"].get("annotations", {}).get("windlass.dev/run") == run["id"]]
        return [one["metadata"]["name"] for one in mine if one["status"].get("active") or _is_alive(one["status"])]

    until(lambda: not alive("jobs") and not alive("pods"), 60, pause=0.2)


def _is_alive(status: dict[str, Any]) -> bool:
    return status.get("phase") in ("Pending", "Running")
