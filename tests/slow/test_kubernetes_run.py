"""`windlass run --runner kubernetes` as users have it: a laptop, a kubeconfig with contexts, and what may go wrong."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.slow.tenant import Tenant
from tests.slow.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.cluster.cluster import Cluster
    from tests.docker_engine import Dockerd
    from tests.slow.home import Home
    from tests.slow.repo import Repo

DEFAULTS = "defaults: {image: 'windlass.test/shell:1', shell: sh}\n"
HELLO = DEFAULTS + "steps: {hello: {outputs: {n: {}}, run: 'echo hello; echo n=1 >> $WINDLASS_OUTPUT'}}\n"
MIXED = (
    DEFAULTS
    + """
steps:
  here: {runner: local, outputs: {word: {}}, run: 'echo word=one >> $WINDLASS_OUTPUT'}
  boxed:
    {runner: docker, image: 'windlass-test:1', env: {WORD: '${{ steps.here.outputs.word }}'}, outputs: {word: {}},
     run: 'echo "word=$WORD two" >> $WINDLASS_OUTPUT'}
  there:
    runner: kubernetes
    env: {WORD: '${{ steps.boxed.outputs.word }}'}
    outputs: {word: {}}
    run: [{run: 'echo "word=$WORD three" >> $WINDLASS_OUTPUT'}, {run: 'echo "in a Pod: $HOSTNAME"'}]
  back: {runner: local, env: {WORD: '${{ steps.there.outputs.word }}'}, run: '[ "$WORD" = "one two three" ]'}
"""
)
FOREVER = DEFAULTS + "steps: {a: {killAfter: 30s, run: 'echo begun; while :; do sleep 0.1; done'}}\n"
NOWHERE = DEFAULTS + "steps: {a: {pod: {nodeSelector: {disk: golden}}, run: 'true'}}\n"


@dataclass
class Laptop:
    """A kubeconfig with two contexts: `mine`, and `other`, whose server nobody runs."""

    home: Home
    repo: Repo
    tenant: Tenant
    path: Path
    config: dict[str, Any]

    def write(self) -> None:
        self.path.write_text(yaml.safe_dump(self.config))

    def change(self, kind: str, name: str, **changes: Any) -> None:
        """A cluster, user or context."""
        found = next(one for one in self.config[f"{kind}s"] if one["name"] == name)
        found[kind] = {**found[kind], **changes}
        self.write()

    @property
    def env(self) -> dict[str, str]:
        return {"KUBECONFIG": str(self.path)}

    def run(self, name: str, *words: str, code: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
        words = ("--runner", "kubernetes", *words)
        return self.home.run_json(self.repo.path, name, *words, code=code, env=self.env | (env or {}))

    def refused(self, name: str, *words: str, code: int = 2) -> str:
        done = self.home.windlass("run", name, "--runner", "kubernetes", *words, cwd=self.repo.path, env=self.env)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr
        assert "\n  hint: " in done.stderr
        return done.stderr

    def pods(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.tenant.kubectl("get", "pods", "-o", "json"))["items"]
        return found


@pytest.fixture
def laptop(home: Home, repo: Repo, cluster: Cluster, namespace: str) -> Laptop:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    (there,), (user,) = config["clusters"], config["users"]
    config["clusters"].append({"name": "gone", "cluster": {**there["cluster"], "server": "https://127.0.0.1:1"}})
    mine = {"cluster": there["name"], "user": user["name"], "namespace": namespace}
    config["contexts"] = [
        {"name": "mine", "context": mine},
        {"name": "other", "context": {"cluster": "gone", "user": user["name"]}},
    ]
    config["current-context"] = "mine"
    made = Laptop(home, repo, Tenant(cluster.kubeconfig, namespace), home.folder / "kubeconfig", config)
    made.write()
    for name, text in (("hello", HELLO), ("mixed", MIXED), ("forever", FOREVER), ("nowhere", NOWHERE)):
        repo.add(name, text)
    return made


def test_a_context_gives_cluster_and_namespace(laptop: Laptop) -> None:
    found = laptop.run("hello")
    assert (found["status"], found["steps"]["hello"]["outputs"]) == ("succeeded", {"n": "1"})
    (pod,) = laptop.pods()
    assert pod["metadata"]["annotations"]["windlass.dev/run"] == found["id"]
    laptop.config["current-context"] = "other"
    laptop.write()
    again = laptop.run("hello", "--context", "mine")
    assert again["status"] == "succeeded"
    assert len(laptop.pods()) == 2


def test_one_run_over_three_kinds_of_runners(laptop: Laptop, dockerd: Dockerd) -> None:
    found = laptop.run("mixed", env=dockerd.environment)
    assert {name: step["status"] for name, step in found["steps"].items()} == dict.fromkeys(
        ("here", "boxed", "there", "back"), "succeeded"
    )
    assert found["steps"]["there"]["outputs"] == {"word": "one two three"}
    done = laptop.home.windlass("logs", found["id"], cwd=laptop.repo.path)
    assert f"in a Pod: {laptop.pods()[0]['metadata']['name']}" in done.stdout


def test_another_namespace(laptop: Laptop, cluster: Cluster) -> None:
    from tests.cluster import namespace_in

    with namespace_in(cluster.control_plane) as other:
        laptop.run("hello", "--namespace", other)
        assert laptop.pods() == []
        assert Tenant(cluster.kubeconfig, other).names("pods")


def test_interrupted_it_leaves_no_pod(laptop: Laptop) -> None:
    words = ("run", "forever", "--runner", "kubernetes", "--output", "json")
    process = laptop.home.start(*words, cwd=laptop.repo.path, env=laptop.env)
    assert process.stderr is not None
    assert any("begun" in line for line in process.stderr), "a Pod that takes long is told of before"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    found = json.loads(out)
    assert (found["status"], found["steps"]["a"]["attempts"][0]["exitCode"]) == ("cancelled", 143)
    until(lambda: all("deletionTimestamp" in one["metadata"] for one in laptop.pods()), pause=0.2)


def test_what_it_waits_for_is_said_meanwhile(laptop: Laptop) -> None:
    process = laptop.home.start("run", "nowhere", "--runner", "kubernetes", cwd=laptop.repo.path, env=laptop.env)
    assert process.stdout is not None
    line = next(line for line in process.stdout if "unschedulable" in line)
    assert line.startswith("a │ windlass: waits for its start: unschedulable: 0/")
    assert "node affinity" in line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_context_that_is_not_there(laptop: Laptop) -> None:
    said = laptop.refused("hello", "--context", "production")
    assert "has no context 'production'; it has: mine, other" in said


def test_a_kubeconfig_that_is_not_there_or_is_none(laptop: Laptop) -> None:
    laptop.path.unlink()
    assert f"kubeconfig {laptop.path} cannot be used" in laptop.refused("hello")
    laptop.path.write_text("[not, a, kubeconfig]")
    assert f"kubeconfig {laptop.path} cannot be used" in laptop.refused("hello")


def test_a_server_that_does_not_answer(laptop: Laptop) -> None:
    said = laptop.refused("hello", "--context", "other", code=3)
    assert "https://127.0.0.1:1 does not answer: 127.0.0.1:1: " in said


def test_a_certificate_of_somebody_else(laptop: Laptop, cluster: Cluster) -> None:
    (name,) = (one["name"] for one in laptop.config["clusters"] if one["name"] != "gone")
    laptop.config["clusters"] = [one for one in laptop.config["clusters"] if one["name"] == name]
    found = laptop.config["clusters"][0]["cluster"]
    for key in ("certificate-authority", "certificate-authority-data"):
        found.pop(key, None)
    laptop.write()
    assert "certificate verify failed" in laptop.refused("hello", code=3)


def test_a_namespace_that_is_not_there(laptop: Laptop) -> None:
    said = laptop.refused("hello", "--namespace", "nobody-made-it")
    assert "there is no namespace nobody-made-it" in said
    assert "kubectl create namespace nobody-made-it" in said


def test_somebody_without_rights_and_somebody_unknown(laptop: Laptop) -> None:
    tenant = laptop.tenant
    tenant.kubectl("create", "serviceaccount", "guest")
    user = laptop.config["users"][0]
    user["user"] = {"token": tenant.kubectl("create", "token", "guest").strip()}
    laptop.write()
    said = laptop.refused("hello")
    assert f"this user may not create jobs, get jobs, " in said  # noqa: F541
    assert f"in the namespace {tenant.namespace}" in said
    role = ("--verb=*", "--resource=jobs,pods,pods/log,pods/exec,secrets,events")
    tenant.kubectl("create", "role", "guest", *role)
    account = f"--serviceaccount={tenant.namespace}:guest"
    tenant.kubectl("create", "rolebinding", "guest", "--role=guest", account)
    may = ("auth", "can-i", "create", "jobs", f"--as=system:serviceaccount:{tenant.namespace}:guest")
    until(lambda: tenant.try_kubectl(*may).returncode == 0, pause=0.2)
    assert laptop.run("hello")["status"] == "succeeded"
    user["user"] = {"token": "forged"}
    laptop.write()
    assert "the cluster does not accept who asks" in laptop.refused("hello")


def test_a_step_that_may_be_skipped_needs_no_cluster(laptop: Laptop) -> None:
    laptop.repo.add(
        "maybe", "steps: {here: {runner: local, run: 'true'}, there: {if: false, run: 'true'}}\n" + DEFAULTS
    )
    assert laptop.run("maybe", "--context", "other")["steps"]["there"]["status"] == "skipped"
    assert laptop.run("hello", "--dry-run", "--context", "other")["steps"]


def test_doctor_looks_at_a_cluster(laptop: Laptop) -> None:
    config = laptop.home.folder / "server.yaml"
    runners = {
        "mine": {"kind": "kubernetes", "kubeconfig": str(laptop.path), "context": "mine"},
        "gone": {"kind": "kubernetes", "kubeconfig": str(laptop.path), "context": "other"},
    }
    config.write_text(yaml.safe_dump({"runners": runners}))
    done = laptop.home.windlass("doctor", "--config", str(config), "--output", "json")
    found = {one["check"]: one for one in json.loads(done.stdout)}
    assert found["runner mine"]["status"] == "ok", found
    assert f"namespace {laptop.tenant.namespace}" in found["runner mine"]["message"]
    assert "does not answer" in found["runner gone"]["message"]
    assert done.returncode == 1
