"""Repositories, workflows and runs as objects of a real API server, used with kubectl alone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from tests.slow.definitions import install
from tests.slow.processes import end, marked
from tests.slow.repo import workflow
from tests.slow.served_tenant import Served, served
from tests.slow.tenant import repository, run_of
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.cluster.cluster import Cluster
    from tests.slow.home import Home
    from tests.slow.repo import Repo

SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\n"
HELLO = "steps: {hello: {run: echo hello}}\n"
FAILS = "steps:\n  good: {run: 'true'}\n  bad: {run: exit 3, needs: [good]}\n"
SCHEDULED = "metadata: {name: nightly, title: Every hour}\ntriggers: {schedule: [{every: 1h}]}\n" + HELLO
INPUTS = """
inputs: {who: {type: string}, count: {type: integer, default: 1}}
outputs: {greeting: '${{ steps.hello.outputs.text }}'}
steps:
  hello:
    env: {WHO: '${{ inputs.who }}'}
    outputs: {text: {type: string}}
    run: echo "text=hello $WHO" >> "$WINDLASS_OUTPUT"
"""


def waits(gate: Path) -> str:
    """A step that goes on once a file is there, and has its repository's files then."""
    return f"""
    steps:
      wait: {{run: 'until [ -e {gate} ]; do sleep 0.05; done'}}
      read: {{checkout: true, needs: [wait], run: 'test -f windlass.yaml'}}
    finally:
      tidy: {{run: 'true'}}
    """


@pytest.fixture(scope="module")
def shop(cluster: Cluster, module_home: Home) -> Iterator[Served]:
    from tests.cluster import namespace_in

    install(cluster)
    with (
        namespace_in(cluster.control_plane, "shop") as namespace,
        served(cluster, namespace, module_home) as found,
    ):
        found.server.start()
        yield found
    end(marked(f"{module_home.folder}/"))


@pytest.fixture
def repo(shop: Served) -> Iterator[Repo]:
    """A repository of this test's own, with one workflow; not served yet, and not polled afterwards."""
    made = shop.repo(f"r{uuid.uuid4().hex[:8]}")  # another one when the test is tried again
    made.commit(
        {
            "windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\n",
            "workflows/hello.yaml": workflow("hello", HELLO),
        }
    )
    yield made
    shop.kubectl("delete", "wlrepo", made.name, "--ignore-not-found", "--wait=false")


def test_a_repository_is_polled_from_its_first_moment(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    status = shop.get("wlrepo", repo.name)["status"]
    head = repo.git("rev-parse", "HEAD")
    assert (status["commit"], status["workflows"], status["errors"]) == (head, 1, 0)
    assert status["name"] == shop.name(repo)
    assert all(one["observedGeneration"] == 1 for one in status["conditions"])
    told = ("Normal", "Fetched", f"main@{head[:12]} is live: 1 workflows")
    until(lambda: told in shop.events(repo.name), pause=0.2)
    repo.commit({"workflows/nightly.yaml": f"apiVersion: windlass.dev/v1\nkind: Workflow\n{SCHEDULED}"})
    until(lambda: shop.get("wlrepo", repo.name)["status"]["workflows"] == 2, pause=0.2)
    shop.wait("wlwf", f"{repo.name}.nightly", "Ready")
    picture = shop.get("wlwf", f"{repo.name}.nightly")
    assert picture["status"]["title"] == "Every hour"
    assert picture["status"]["next"]["trigger"] == "schedule[0]"
    assert picture["metadata"]["ownerReferences"][0]["name"] == repo.name


def test_a_broken_file_is_told_with_its_place_and_the_last_good_one_stays(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    repo.commit({"workflows/hello.yaml": workflow("hello", "steps: {hello: {rum: echo}}\n")})
    shop.comes_to("wlrepo", repo.name, "Valid", "False", "ProblemsFound")
    assert shop.condition("wlrepo", repo.name, "Ready")["status"] == "False"
    (problem,) = shop.get("wlrepo", repo.name)["status"]["problems"]
    assert (problem["file"], problem["line"]) == ("workflows/hello.yaml", 4)
    place = f"workflows/hello.yaml:4:{problem['column']}: "
    until(lambda: [e for e in shop.events(repo.name) if e[1] == "ProblemsFound" and e[2].startswith(place)], pause=0.2)
    shop.comes_to("wlwf", f"{repo.name}.hello", "Ready", "False", "Stale")
    shop.wait("wlrun", shop.create(run_of(repo.name, "hello")), "Succeeded")
    repo.commit({"workflows/hello.yaml": workflow("hello", HELLO)})
    shop.wait("wlrepo", repo.name, "Ready")
    shop.wait("wlwf", f"{repo.name}.hello", "Ready")


def test_an_object_starts_a_run_and_shows_how_it_stands(shop: Served, repo: Repo) -> None:
    repo.add("greet", INPUTS)
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "greet", inputs={"who": "Ada", "count": 2}))
    shop.wait("wlrun", name, "Succeeded")
    shop.wait("wlrun", name, "Ready")
    status = shop.get("wlrun", name)["status"]
    assert (status["phase"], status["steps"]["summary"], status["trigger"]) == ("Succeeded", "1/1", "manual")
    assert status["outputs"] == {"greeting": "hello Ada"}
    run = shop.server.run(status["id"])
    assert (run["repository"], run["commit"]) == (shop.name(repo), status["commit"])
    assert run["actor"]["name"] == f"{shop.namespace}/{name}"
    assert len(shop.server.runs(repository=shop.name(repo))) == 1
    row = shop.kubectl("get", "wlrun", name, "--no-headers", "-o", "wide").split()
    assert row[:4] == [name, "greet", "Succeeded", "1/1"]
    assert run["id"] in row


def test_a_run_that_fails_says_why(shop: Served, repo: Repo) -> None:
    repo.add("fails", FAILS)
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "fails"))
    shop.wait("wlrun", name, "Finished")
    message = shop.comes_to("wlrun", name, "Succeeded", "False", "ExitCode")
    status = shop.get("wlrun", name)["status"]
    assert (status["phase"], status["cause"], status["message"]) == ("Failed", "exit-code", message)
    assert (status["steps"]["succeeded"], status["steps"]["failed"]) == (1, 1)
    (event,) = until(lambda: [e for e in shop.events(name) if e[1] == "Failed"], pause=0.2)
    assert event[0] == "Warning"
    assert f"run {status['id']} failed (exit-code)" in event[2]


def test_what_cannot_be_started_is_refused_for_good(shop: Served, repo: Repo) -> None:
    repo.add("greet", INPUTS)
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "greet", inputs={"who": 7, "whom": "x"}))
    message = shop.comes_to("wlrun", name, "Valid", "False", "InputInvalid")
    assert "who" in message
    assert "whom" in message
    shop.wait("wlrun", name, "Finished")
    assert shop.get("wlrun", name)["status"]["phase"] == "Refused"
    assert shop.server.runs(repository=shop.name(repo)) == []


def test_an_object_waits_for_its_workflow_to_appear(shop: Served, repo: Repo) -> None:
    name = shop.create(run_of(repo.name, "later"))
    message = shop.comes_to("wlrun", name, "Succeeded", "Unknown", "WorkflowNotFound")
    assert f"nothing of a repository {shop.name(repo)} is live here" in message
    shop.serve(repo)
    repo.add("later", HELLO)
    shop.wait("wlrun", name, "Succeeded")


def test_deleting_an_object_cancels_its_run(shop: Served, repo: Repo) -> None:
    gate = shop.home.folder / f"gate-{repo.name}"
    repo.add("slow", waits(gate))
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "slow"))
    run = str(until(lambda: shop.get("wlrun", name).get("status", {}).get("id"), pause=0.1))
    until(lambda: shop.get("wlrun", name)["status"]["phase"] == "Running", pause=0.1)
    shop.kubectl("delete", "wlrun", name)
    ended = shop.server.ended(run)
    assert (ended["status"], ended["cause"]) == ("cancelled", "cancelled-by-user")
    assert f"{shop.namespace}/{name}" in ended["message"]


def test_runs_of_other_triggers_get_an_object_too(shop: Served, repo: Repo) -> None:
    gate = shop.home.folder / f"gate-{repo.name}"
    repo.add("slow", waits(gate))
    shop.serve(repo)
    first = shop.server.begin(shop.name(repo), "slow")
    second = shop.server.begin(shop.name(repo), "slow")
    for run in (first, second):
        until(lambda run=run: f"slow-{run.lower()}" in shop.names("wlrun"), pause=0.2)
    found = shop.get("wlrun", f"slow-{first.lower()}")
    assert found["spec"] == {"repository": repo.name, "workflow": "slow", "run": first}
    shop.kubectl("delete", "wlrun", f"slow-{first.lower()}")
    ended = shop.server.ended(first)
    assert (ended["status"], ended["steps"]["tidy"]["status"]) == ("cancelled", "succeeded")
    assert f"slow-{first.lower()}" not in shop.names("wlrun")
    gate.touch()
    shop.wait("wlrun", f"slow-{second.lower()}", "Succeeded")


def test_a_changed_spec_is_followed(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    repo.git("checkout", "--quiet", "-b", "next")
    commit = repo.add("new", HELLO)
    shop.apply(repository(repo.name, shop.git.url(repo.name), branch="next"))
    until(lambda: shop.get("wlrepo", repo.name)["status"]["commit"] == commit, pause=0.2)
    shop.wait("wlrepo", repo.name, "Ready")
    assert shop.get("wlrepo", repo.name)["status"]["observedGeneration"] == 2
    until(lambda: f"{repo.name}.new" in shop.names("wlwf"), pause=0.2)


def test_a_suspended_repository_is_not_polled_and_stays_live(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    shop.apply(repository(repo.name, shop.git.url(repo.name), suspend=True))
    until(lambda: shop.get("wlrepo", repo.name)["status"]["observedGeneration"] == 2, pause=0.2)
    shop.wait("wlrun", shop.create(run_of(repo.name, "hello")), "Succeeded")  # a poll that was under way is over
    before = len(shop.git.requests)
    repo.add("unseen", HELLO)
    shop.wait("wlrun", shop.create(run_of(repo.name, "hello")), "Succeeded")
    mine = [path for path, _ in shop.git.requests[before:] if repo.name in path]
    assert mine == []
    shop.apply(repository(repo.name, shop.git.url(repo.name)))
    until(lambda: f"{repo.name}.unseen" in shop.names("wlwf"), pause=0.2)


def test_a_repository_and_its_branch_may_disappear(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    repo.path.rename(repo.path.with_name(f"{repo.name}-away"))
    until(lambda: shop.condition("wlrepo", repo.name, "Fetched")["status"] == "False", pause=0.2)
    shop.wait("wlrun", shop.create(run_of(repo.name, "hello")), "Succeeded")
    reason = shop.condition("wlrepo", repo.name, "Fetched")["reason"]
    until(lambda: [e for e in shop.events(repo.name) if e[:2] == ("Warning", reason)], pause=0.2)
    repo.path.with_name(f"{repo.name}-away").rename(repo.path)
    shop.kubectl("annotate", "wlrepo", repo.name, "now=yes")
    shop.server.reconcile(shop.name(repo))
    shop.wait("wlrepo", repo.name, "Ready")


def test_a_deleted_repository_starts_nothing_and_its_runs_go_on(shop: Served, repo: Repo) -> None:
    gate = shop.home.folder / f"gate-{repo.name}"
    repo.add("slow", waits(gate))
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "slow"))
    until(lambda: shop.get("wlrun", name).get("status", {}).get("phase") == "Running", pause=0.1)
    shop.kubectl("delete", "wlrepo", repo.name)
    until(lambda: shop.server.http.get(f"/api/v1/repositories/{shop.name(repo)}").status_code == 404, pause=0.1)
    until(lambda: shop.server.live(shop.name(repo)) == {}, pause=0.1)
    gate.touch()
    shop.wait("wlrun", name, "Succeeded")  # with a checkout of a commit that only the mirror has by now
    until(lambda: not [one for one in shop.names("wlwf") if one.startswith(f"{repo.name}.")], pause=0.2)


def test_a_secret_that_is_missing_is_told_and_waited_for(shop: Served, repo: Repo) -> None:
    shop.apply(repository(repo.name, shop.git.url(repo.name), secret=f"{repo.name}-git"))
    message = shop.comes_to("wlrepo", repo.name, "Fetched", "False", "SecretNotFound")
    assert message == f"there is no Secret {repo.name}-git in namespace {shop.namespace}"
    shop.kubectl("create", "secret", "generic", f"{repo.name}-git", "--from-literal=nothing=x")
    shop.comes_to("wlrepo", repo.name, "Fetched", "False", "SecretInvalid")
    shop.kubectl("delete", "secret", f"{repo.name}-git")
    shop.kubectl("create", "secret", "generic", f"{repo.name}-git", f"--from-file=ca.crt={shop.git.authority}")
    shop.wait("wlrepo", repo.name, "Ready")


def test_nothing_is_decided_by_labels_or_by_a_status_that_somebody_wrote(shop: Served, repo: Repo) -> None:
    repo.add("fails", FAILS)
    shop.serve(repo)
    theirs = shop.create(run_of(repo.name, "fails"))
    shop.wait("wlrun", theirs, "Finished")
    run = shop.get("wlrun", theirs)["status"]["id"]
    forged = {**run_of(repo.name, "hello"), "metadata": {"name": f"{repo.name}-forged"}}
    forged["metadata"]["labels"] = {"windlass.dev/repository": "other", "windlass.dev/workflow": "fails"}
    name = shop.create(forged)
    patch = f'{{"status": {{"id": "{run}", "phase": "Running"}}}}'
    shop.kubectl("patch", "wlrun", name, "--subresource=status", "--type=merge", "-p", patch)
    shop.wait("wlrun", name, "Succeeded")
    assert shop.get("wlrun", name)["status"]["id"] != run
    shown = {**run_of(repo.name, "fails", run="01ARZ3NDEKTSV4RRFFQ69G5FAV")}
    shown["metadata"] = {"name": "fails-01arz3ndektsv4rrffq69g5fav"}
    shop.comes_to("wlrun", shop.create(shown), "Valid", "False", "RunNotFound")


def test_a_picture_made_by_hand_shows_nothing_and_one_that_was_changed_is_put_right(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    made = {
        "apiVersion": "windlass.dev/v1",
        "kind": "Workflow",
        "metadata": {"name": f"{repo.name}.mine"},
        "spec": {"repository": repo.name, "workflow": "mine"},
    }
    shop.create(made)
    shop.comes_to("wlwf", f"{repo.name}.mine", "Ready", "False", "NotInGit")
    picture = f"{repo.name}.hello"
    shop.wait("wlwf", picture, "Ready")
    shop.kubectl("patch", "wlwf", picture, "--type=merge", "-p", '{"spec": {"workflow": "other"}}')
    until(lambda: shop.get("wlwf", picture)["spec"]["workflow"] == "hello", pause=0.1)


def test_objects_of_ended_runs_go_and_the_runs_stay(shop: Served, repo: Repo) -> None:
    shop.serve(repo)
    name = shop.create(run_of(repo.name, "hello", ttlSecondsAfterFinished=1))
    until(lambda: name not in shop.names("wlrun"), pause=0.3)
    (run,) = shop.server.runs(repository=shop.name(repo))
    assert run["status"] == "succeeded"


def test_a_library_is_looked_at_and_its_credentials_serve_its_own_namespace(shop: Served, repo: Repo) -> None:
    library = shop.repo(f"{repo.name}-lib")
    action = "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: greet}\nrun: echo hi\n"
    library.commit({"actions/greet/action.yaml": action})
    spec = {"git": shop.git.url(library.name), "interval": "1s", "auth": {"secretRef": {"name": "git"}}}
    made = {"apiVersion": "windlass.dev/v1", "kind": "ActionLibrary", "metadata": {"name": library.name}, "spec": spec}
    shop.apply(made)
    shop.wait("wllib", library.name, "Ready")
    status = shop.get("wllib", library.name)["status"]
    assert (status["actions"], status["actionCount"]) == (["greet"], 1)
    library.commit({"actions/greet/action.yaml": action.replace("run:", "rum:")})
    shop.comes_to("wllib", library.name, "Valid", "False", "ProblemsFound")
    shop.kubectl("delete", "wllib", library.name)


def test_statuses_are_written_seldom(shop: Served, repo: Repo) -> None:
    """Nothing new: no write, however often the repository is polled."""
    shop.serve(repo)
    until(lambda: f"{repo.name}.hello" in shop.names("wlwf"), pause=0.2)
    shop.wait("wlwf", f"{repo.name}.hello", "Ready")

    def polled_without_a_write() -> bool:
        before = [shop.get(kind, name)["metadata"]["resourceVersion"] for kind, name in _of(repo)]
        asked = len(shop.git.requests)
        until(lambda: sum(repo.name in path for path, _ in shop.git.requests[asked:]) >= 3, pause=0.2)
        return [shop.get(kind, name)["metadata"]["resourceVersion"] for kind, name in _of(repo)] == before

    until(polled_without_a_write)  # the first look may have written a last time after it was Ready


def _of(repo: Repo) -> list[tuple[str, str]]:
    return [("wlrepo", repo.name), ("wlwf", f"{repo.name}.hello")]
