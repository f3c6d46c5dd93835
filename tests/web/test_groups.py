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
