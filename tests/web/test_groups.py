"""Concurrency groups over HTTP: the line, the messages, a cancelled one in it, pages."""

from __future__ import annotations

import pytest
from tests.web.site import until, workflow

GROUP = "inputs: {target: {type: string, default: a}}\nconcurrency: {group: 'to/${{ inputs.target }}'}\n"


@pytest.fixture
def site(new_site):
    return new_site({"workflows/deploy.yaml": workflow()})


def groups(site, query=""):
    return site.http.get(f"/api/v1/groups{query}").json()


def message(site, run):
    return site.http.get(f"/api/v1/runs/{run}").json()["message"]


def test_who_holds_a_group_and_who_waits(site):
    site.push({"workflows/grouped.yaml": workflow("grouped", GROUP)})
    assert groups(site) == {"items": [], "next": None}
    runs = [site.begin("grouped") for _ in range(6)]
    until(lambda: groups(site)["items"] and groups(site)["items"][0]["waitingCount"] == 5)
    (found,) = groups(site)["items"]
    assert (found["repository"], found["group"], found["limit"], found["holderCount"]) == ("shop", "to/a", 1, 1)
    assert [one["run"] for one in found["holders"] + found["waiting"]] == runs
    site.http.post(f"/api/v1/runs/{runs[4]}/cancel")
    assert site.ended(runs[4])["cause"] == "cancelled-by-user"
    site.held.finish(site.running(run=runs[0]))
    site.running(run=runs[1])
    # The last one has heard nothing of the change in front of it: its message is of now all the same.
    until(lambda: message(site, runs[5]) == f"waits for run {runs[1]}, which holds to/a")
    listed = site.http.get("/api/v1/runs?status=waiting").json()["items"]
    assert {run["message"] for run in listed} == {f"waits for run {runs[1]}, which holds to/a"}
    assert "windlass_group_waiting 3.0" in site.http.get("/metrics").text


def test_groups_have_pages(site):
    site.push({"workflows/grouped.yaml": workflow("grouped", GROUP)})
    for target in ("c/d", "a", "b"):
        site.begin("grouped", inputs={"target": target})
    until(lambda: len(groups(site)["items"]) == 3)
    first = groups(site, "?limit=2")
    rest = groups(site, f"?limit=2&cursor={first['next']}")
    assert [one["group"] for one in first["items"] + rest["items"]] == ["to/a", "to/b", "to/c/d"]
    assert rest["next"] is None
    assert groups(site, "?repository=other")["items"] == []
    assert site.http.get("/api/v1/groups?cursor=forged").status_code == 400


def test_a_group_that_cannot_be_worked_out_starts_nothing(site):
    more = "inputs: {n: {type: integer, default: 0}}\nconcurrency: {group: a, limit: '${{ inputs.n }}'}\n"
    site.push({"workflows/grouped.yaml": workflow("grouped", more)})
    answer = site.http.post("/api/v1/workflows/shop/grouped/runs", json={})
    assert (answer.status_code, "limit" in answer.json()["errors"][0]["message"]) == (422, True)
    run = site.begin("grouped", inputs={"n": 2})
    assert site.http.get(f"/api/v1/runs/{run}/plan").json()["concurrency"] == {
        "group": "a",
        "limit": 2,
        "onConflict": "queue",
    }


def test_an_empty_name_is_no_group(site):
    more = "inputs: {alone: {type: boolean, default: false}}\n"
    more += "concurrency: {group: \"${{ inputs.alone ? 'one' : '' }}\"}\n"
    site.push({"workflows/grouped.yaml": workflow("grouped", more)})
    for _ in range(2):
        site.running(run=site.begin("grouped"))
    assert groups(site)["items"] == []


INNER = "inputs: {target: {type: string}}\nconcurrency: {group: 'to/${{ inputs.target }}'}\n"
OUTER = "  one: {uses: ./workflows/inner.yaml, with: {target: a}, concurrency: {group: outer}}\n"


def test_a_nested_workflow_is_in_its_own_group_and_in_that_of_its_step(site):
    files = {"inner": workflow("inner", INNER), "outer": workflow("outer", steps=OUTER)}
    site.push({f"workflows/{name}.yaml": text for name, text in files.items()})
    inner = site.begin("inner", inputs={"target": "a"})
    site.running(run=inner)
    outer = site.begin("outer")
    waits = f"waits for run {inner}, which holds to/a"
    until(lambda: message(site, outer) == waits)
    step = site.http.get(f"/api/v1/runs/{outer}").json()["steps"]["one"]
    assert (step["status"], step["message"], "steps" in step) == ("waiting", waits, False)
    assert [(one["group"], one["waitingCount"]) for one in groups(site)["items"]] == [("outer", 0), ("to/a", 1)]
    site.held.finish(site.running(run=inner))
    key = site.running("one/build", run=outer)
    holders = [one["holders"] for one in groups(site)["items"]]
    assert [[(one["run"], one["step"]) for one in of] for of in holders] == [[(outer, "one")]] * 2
    site.held.finish(key)
    assert site.ended(outer)["status"] == "succeeded"
    until(lambda: groups(site)["items"] == [])


def test_steps_of_a_nested_workflow_ask_under_their_whole_name(site):
    steps = "  build: {run: make, concurrency: {group: disk}}\n"
    outer = "  one: {uses: ./workflows/inner.yaml, forEach: [1, 2]}\n"
    files = {"inner": workflow("inner", steps=steps), "outer": workflow("outer", steps=outer)}
    site.push({f"workflows/{name}.yaml": text for name, text in files.items()})
    run = site.begin("outer")
    until(lambda: [one["waitingCount"] for one in groups(site)["items"]] == [1])
    (found,) = groups(site)["items"]
    assert [one["step"] for one in found["holders"] + found["waiting"]] == ["one[0]/build", "one[1]/build"]
    site.held.finish(site.running("one[0]/build", run=run))
    site.held.finish(site.running("one[1]/build", run=run))
    assert site.ended(run)["status"] == "succeeded"


def test_a_step_within_a_step_of_the_same_group_does_not_wait_for_it(site):
    steps = "  build: {run: make, concurrency: {group: disk}}\n"
    outer = "  one: {uses: ./workflows/inner.yaml, forEach: [1], concurrency: {group: disk}}\n"
    files = {"inner": workflow("inner", steps=steps), "outer": workflow("outer", steps=outer)}
    site.push({f"workflows/{name}.yaml": text for name, text in files.items()})
    run = site.begin("outer")
    site.held.finish(site.running("one[0]/build", run=run))
    assert site.ended(run)["status"] == "succeeded"


def test_a_rerun_stands_in_line_as_its_run_did(site):
    site.push({"workflows/grouped.yaml": workflow("grouped", GROUP)})
    old = site.begin("grouped")
    site.held.finish(site.running(run=old), exit_code=1)
    assert site.ended(old)["status"] == "failed"
    holder = site.begin("grouped")
    site.running(run=holder)
    for definition in ("same", "latest"):
        new = site.http.post(f"/api/v1/runs/{old}/rerun", json={"definition": definition}).json()["id"]
        until(lambda new=new: message(site, new) == f"waits for run {holder}, which holds to/a")
        site.http.post(f"/api/v1/runs/{new}/cancel")
        assert site.ended(new)["startedAt"] is None


def test_a_run_in_line_outlives_its_workflow(site):
    site.push({"workflows/grouped.yaml": workflow("grouped", GROUP)})
    first, second = site.begin("grouped"), site.begin("grouped")
    until(lambda: message(site, second))
    site.push({"workflows/grouped.yaml": None})
    assert site.http.get("/api/v1/workflows/shop/grouped").status_code == 404
    site.held.finish(site.running(run=first))
    site.held.finish(site.running(run=second))
    assert site.ended(second)["status"] == "succeeded"


def test_a_hook_and_a_person_meet_in_one_group(site):
    hook = "triggers: {webhook: [{name: go, verify: {scheme: none}}]}\nconcurrency: {group: a, onConflict: skip}\n"
    site.push({"workflows/grouped.yaml": workflow("grouped", hook)})
    first = site.begin("grouped")
    site.running(run=first)
    (started,) = site.http.post("/hooks/shop/go", json={}).json()["runs"]
    ended = site.ended(started["id"])
    assert (ended["status"], ended["cause"]) == ("cancelled", "skipped")
    assert ended["message"] == f"skipped: run {first} holds a"
    assert ended["steps"]["build"]["attempts"] == []


def test_a_step_far_back_in_line_and_its_run_name_whoever_is_in_the_way_now(site):
    steps = "  build: {run: make, concurrency: {group: disk}}\n"
    site.push({"workflows/grouped.yaml": workflow("grouped", steps=steps)})
    runs = [site.begin("grouped") for _ in range(6)]
    until(lambda: groups(site)["items"] and groups(site)["items"][0]["waitingCount"] == 5)
    site.held.finish(site.running(run=runs[0]))
    waits = f"waits for step build of run {runs[1]}, which holds disk"
    until(lambda: message(site, runs[5]) == waits)
    run = site.http.get(f"/api/v1/runs/{runs[5]}").json()
    assert (run["status"], run["steps"]["build"]["message"]) == ("waiting", waits)
