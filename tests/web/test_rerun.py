"""Reruns over HTTP: what runs again, what is taken over, what is refused (interfaces.md, "HTTP")."""

from __future__ import annotations

import pytest
from tests.web.site import workflow

STEPS = """\
  build: {run: make, outputs: {image: {type: string}}}
  test: {env: {IMAGE: "${{ steps.build.outputs.image }}"}, run: pytest}
  ship: {needs: [test], run: ./ship}
"""
FILE = "workflows/deploy.yaml"


@pytest.fixture
def site(new_site):
    return new_site({FILE: workflow(more="inputs: {who: {type: string, default: world}}\n", steps=STEPS)})


def failed(site, **body):
    """A run whose `test` failed; its id."""
    run = site.begin(**body)
    site.held.write_log(site.running("build", run), b"built\n")
    site.held.finish(site.running("build", run), outputs=b"image=shop:1")
    site.held.finish(site.running("test", run), exit_code=3)
    assert site.ended(run)["status"] == "failed"
    return run


def again(site, run, status=202, **body):
    answer = site.http.post(f"/api/v1/runs/{run}/rerun", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_what_failed_runs_again_as_a_new_run_with_what_succeeded(site):
    old = failed(site, inputs={"who": "ada"})
    before = site.http.get(f"/api/v1/runs/{old}").json()
    new = again(site, old, mode="failed")
    assert (new["rerunOf"], new["inputs"], new["commit"]) == (old, {"who": "ada"}, before["commit"])
    assert new["steps"]["build"] == before["steps"]["build"]
    assert site.running("test", new["id"]).number == 1
    site.held.finish(site.running("test", new["id"]))
    site.held.finish(site.running("ship", new["id"]))
    done = site.ended(new["id"])
    assert {name: step["status"] for name, step in done["steps"].items()} == dict.fromkeys(
        ("build", "test", "ship"), "succeeded"
    )
    assert not [key for key in site.held.world.started if (key.run, key.path) == (new["id"], "build")]
    assert site.http.get(f"/api/v1/runs/{old}").json() == before


def test_a_step_that_was_taken_over_has_its_log(site):
    old = failed(site)
    middle = again(site, old, mode="failed")["id"]
    site.held.finish(site.running("test", middle), exit_code=1)
    site.ended(middle)
    new = again(site, middle, mode="failed")["id"]
    log = site.http.get(f"/api/v1/runs/{new}/steps/build/logs")
    assert (log.content, log.headers["windlass-complete"]) == (b"built\n", "true")


def test_all_of_it_runs_again_by_default(site):
    new = again(site, failed(site))["id"]
    site.held.finish(site.running("build", new), outputs=b"image=shop:2")
    assert site.running("test", new)


def test_the_same_definition_runs_again_after_its_workflow_is_gone_and_the_latest_does_not(site):
    old = failed(site)
    site.push({FILE: None, "workflows/other.yaml": workflow("other")})
    assert "no workflow deploy" in again(site, old, 409, definition="latest")["detail"]
    assert site.running("build", again(site, old)["id"])


def test_the_latest_definition_is_planned_with_the_old_inputs(site):
    old = failed(site, inputs={"who": "ada"}, env={"LEVEL": "7"})
    more = "inputs: {who: {type: string}, day: {type: string, default: today}}\n"
    site.push({FILE: workflow(more=more, steps=STEPS.replace("./ship", "./ship --fast"))})
    new = again(site, old, mode="failed", definition="latest")
    assert new["inputs"] == {"who": "ada", "day": "today"}
    assert new["commit"] == site.git("rev-parse", "HEAD")
    site.held.finish(site.running("test", new["id"]))
    launch = site.held.launch(site.running("ship", new["id"]))
    assert (launch.script, launch.env["LEVEL"]) == ("./ship --fast", "7")


def test_inputs_that_the_latest_definition_refuses_are_a_conflict(site):
    old = failed(site, inputs={"who": "ada"})
    site.push({FILE: workflow(more="inputs: {who: {type: integer}}\n", steps=STEPS)})
    assert "who: must be an integer" in again(site, old, 409, definition="latest")["detail"]


def test_a_run_that_goes_on_or_succeeded_has_nothing_that_failed(site):
    run = site.begin()
    site.running("build", run)
    again(site, run, 409)
    site.held.finish(site.running("build", run), outputs=b"image=shop:1")
    for step in ("test", "ship"):
        site.held.finish(site.running(step, run))
    site.ended(run)
    again(site, run, 409, mode="failed")
    assert again(site, run, mode="from", step="ship")["steps"]["test"]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"mode": "some"}, "/mode"),
        ({"definition": "newest"}, "/definition"),
        ({"mode": "from"}, "/step"),
        ({"mode": "from", "step": "shop"}, "/step"),
        ({"mode": "failed", "step": "build"}, "/step"),
        ({"steps": []}, "/steps"),
    ],
)
def test_a_wrong_request_is_told_at_its_place(site, body, pointer):
    old = failed(site)
    assert [error["pointer"] for error in again(site, old, 422, **body)["errors"]] == [pointer]
    assert site.count() == 1


def test_there_is_no_rerun_of_a_run_that_does_not_exist(site):
    again(site, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 404)


def test_who_asked_is_in_the_audit_log(site):
    old = failed(site)
    new = again(site, old)["id"]
    entry = site.parts.reads.audit(1)[0]
    assert (entry.action, entry.object, entry.after["rerun"]) == ("run.rerun", old, new)
