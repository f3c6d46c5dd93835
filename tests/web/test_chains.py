"""Workflows that wait for the end of others: each end once, by how it ended, over a crash, and never in a circle."""

from __future__ import annotations

import pytest
from tests.web.site import until, workflow

from windlass.executors.held import Outcome
from windlass.reconcile.chains import MARKS, MOST_HOPS


def after(name, when="succeeded", rest="", more="", follows="build"):
    return {
        f"workflows/{name}.yaml": workflow(
            name, f"triggers:\n  workflow:\n    - {{name: {follows}, when: {when}{rest}}}\n{more}"
        )
    }


BUILD = {"workflows/build.yaml": workflow("build")}


def firings(site, name):
    items = site.http.get(f"/api/v1/workflows/shop/{name}/firings").json()["items"]
    return [(item["trigger"], item["run"], item["reason"]) for item in items]


def runs(site, name):
    return site.http.get("/api/v1/runs", params={"workflow": name}).json()["items"]


def settled(site):
    return not site.ledger.reads.marks(MARKS)


def finished(site, name="build"):
    run = site.ended(site.begin(name))
    until(lambda: settled(site))
    return run


@pytest.mark.parametrize(
    ("when", "code", "starts"),
    [
        ("succeeded", 0, True),
        ("succeeded", 1, False),
        ("failed", 1, True),
        ("failed", 0, False),
        ("ended", 0, True),
        ("ended", 1, True),
        ("cancelled", 1, False),
    ],
)
def test_a_run_follows_by_how_the_other_ended(new_site, when, code, starts):
    site = new_site(BUILD | after("deploy", when), script=lambda launch: Outcome(exit_code=code))
    run = finished(site)
    assert len(firings(site, "deploy")) == len(runs(site, "deploy")) == starts
    if starts:
        (follower,) = runs(site, "deploy")
        assert (follower["trigger"]["kind"], follower["trigger"]["name"]) == ("workflow", "workflow[0]")
        assert follower["actor"] == {"kind": "workflow", "name": "shop/build"}
        event = site.http.get(f"/api/v1/runs/{follower['id']}/plan").json()["event"]
        assert (event["kind"], event["hops"]) == ("workflow", 1)
        assert (event["run"]["id"], event["run"]["status"]) == (run["id"], run["status"])


def test_a_cancelled_run_is_followed_too_and_a_name_may_have_its_repository(new_site):
    site = new_site(BUILD | after("tidy", "cancelled", follows="shop/build"))
    run = site.begin("build")
    site.running(run=run)
    assert site.http.post(f"/api/v1/runs/{run}/cancel").status_code == 202
    site.ended(run)
    until(lambda: len(runs(site, "tidy")) == 1)


def test_outputs_become_inputs(new_site):
    steps = "  build: {outputs: {image: {type: string}}, run: make}\n"
    build = workflow("build", "outputs: {image: '${{ steps.build.outputs.image }}'}\n", steps)
    deploy = after(
        "deploy", rest=", inputs: {image: '${{ event.run.outputs.image }}'}", more="inputs: {image: {type: string}}\n"
    )
    site = new_site(
        {"workflows/build.yaml": build} | deploy,
        script=lambda launch: (
            Outcome(outputs=b"image=shop:1\n") if launch.env["WINDLASS_WORKFLOW"] == "build" else None
        ),
    )
    finished(site)
    (follower,) = runs(site, "deploy")
    assert follower["inputs"] == {"image": "shop:1"}


@pytest.mark.parametrize(
    ("rest", "more", "reason"),
    [
        (", if: false", "", "its `if` is false"),
        (", enabled: false", "", "the trigger is disabled"),
        ("", "enabled: false\n", "the workflow is disabled"),
        (", inputs: {count: '${{ event.run.id }}'}", "inputs: {count: {type: integer}}\n", "its inputs do not fit"),
    ],
)
def test_what_starts_nothing_is_recorded(new_site, rest, more, reason):
    site = new_site(BUILD | after("deploy", rest=rest, more=more), script=lambda launch: Outcome())
    finished(site)
    ((_, run, told),) = firings(site, "deploy")
    assert run is None
    assert told.startswith(reason)
    assert runs(site, "deploy") == []


def test_a_circle_stops_at_ten(new_site):
    """Catalogue Y21."""
    ping = workflow("ping", "triggers: {workflow: [{name: pong}]}\n")
    site = new_site({"workflows/ping.yaml": ping} | after("pong", follows="ping"), script=lambda launch: Outcome())
    site.begin("ping")
    until(lambda: any(reason for _, _, reason in firings(site, "pong") + firings(site, "ping")))
    until(lambda: settled(site))
    assert site.count() == 1 + MOST_HOPS
    told = [reason for _, run, reason in firings(site, "pong") + firings(site, "ping") if run is None]
    assert told == ["a chain of 10 runs ends here: do these workflows start each other?"]


def test_what_an_earlier_life_owes_is_started_once(new_site):
    """The end is in the ledger, the follower is not: a crash between the two."""
    site = new_site(BUILD | after("deploy"), script=lambda launch: Outcome())
    site.chains.stop()
    run = site.ended(site.begin("build"))["id"]
    assert list(site.ledger.reads.marks(MARKS)) == [run]
    assert runs(site, "deploy") == []
    site.chains.settle()
    site.ledger.writer.write(lambda tx: tx.set_mark(MARKS, run, None))  # a crash after the firing, told twice
    site.chains.settle()
    assert settled(site)
    assert len(runs(site, "deploy")) == len(firings(site, "deploy")) == 1


def test_a_run_nobody_waits_for_leaves_no_mark(new_site):
    site = new_site(BUILD | after("deploy", "failed"), script=lambda launch: Outcome())
    site.chains.stop()
    site.ended(site.begin("build"))
    assert settled(site)
