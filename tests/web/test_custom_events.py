"""Custom events over HTTP: `POST /api/v1/events/{name}` of the fine print; every firing is recorded with its reason."""

from __future__ import annotations

import pytest
from tests.web.site import workflow

TRIGGER = "triggers:\n  event:\n    - {{name: disk-full, {}}}\n"
INPUTS = "inputs:\n  disk: {type: string, default: sda}\n  percent: {type: integer, maximum: 100, default: 0}\n"
GIVEN = "inputs: {disk: '${{ event.body.disk }}', percent: '${{ event.body.percent }}'}"
FULL = {"disk": "sdb", "percent": 97}


def waits(name="clean", rest=GIVEN, more=""):
    return {f"workflows/{name}.yaml": workflow(name, INPUTS + TRIGGER.format(rest) + more)}


def send(site, name="disk-full", status=202, **body):
    answer = site.http.post(f"/api/v1/events/{name}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def firings(site, name="clean"):
    items = site.http.get(f"/api/v1/workflows/shop/{name}/firings").json()["items"]
    return [(item["trigger"], item["run"], item["reason"]) for item in items]


def test_an_event_starts_every_workflow_that_waits_for_it(new_site):
    site = new_site(waits() | waits("tell", "enabled: true") | {"workflows/other.yaml": workflow("other")})
    runs = send(site, payload=FULL)["runs"]
    assert [(r["repository"], r["workflow"]) for r in runs] == [("shop", "clean"), ("shop", "tell")]
    shown = site.http.get(runs[0]["url"]).json()
    assert (shown["inputs"], shown["trigger"]["kind"], shown["trigger"]["name"]) == (FULL, "event", "disk-full")
    event = site.http.get(runs[0]["url"] + "/plan").json()["event"]
    assert event == {"kind": "event", "name": "disk-full", "body": FULL, "scheduledAt": None}
    assert firings(site) == [("event[0]", runs[0]["id"], None)]
    assert site.count() == 2


def test_the_same_key_gives_the_same_answer(new_site):
    site = new_site(waits())
    first = send(site, payload=FULL, idempotencyKey="k")
    assert send(site, payload=FULL, idempotencyKey="k", status=200) == first
    problem = send(site, payload={"disk": "other", "percent": 1}, idempotencyKey="k", status=409)
    assert "different payload" in problem["detail"]
    assert send(site, payload=FULL, idempotencyKey="l")["runs"] != first["runs"]
    assert site.count() == 2
    assert len(firings(site)) == 2


def test_nobody_waits(new_site):
    site = new_site(waits())
    told = send(site, "nothing", payload=[1])
    assert told == {"runs": [], "reason": "no workflow waits for the event nothing"}
    assert send(site, "nothing", idempotencyKey="k") == told
    assert send(site, "nothing", idempotencyKey="k", status=200) == told


def test_values_that_do_not_fit_start_nothing_anywhere_and_are_recorded(new_site):
    site = new_site(waits() | waits("tell", "enabled: true"))
    problem = send(site, payload={"disk": "sdb", "percent": 101}, status=422)
    (error,) = problem["errors"]
    assert error["pointer"] == "/payload"
    assert "shop/clean" in error["message"]
    assert "percent" in error["message"]
    assert send(site, payload="text", status=422)["errors"][0]["pointer"] == "/payload"
    assert site.count() == 0
    assert all(run is None and "do not fit" in reason for _, run, reason in firings(site))
    assert len(firings(site)) == 2


@pytest.mark.parametrize(
    ("rest", "more", "reason"),
    [
        ("if: '${{ event.body.percent > 99 }}'", "", "its `if` is false"),
        ("if: false", "", "its `if` is false"),
        ("if: '${{ event.body.missing > 99 }}'", "", "its `if` cannot be evaluated"),
        ("enabled: false", "", "the trigger is disabled"),
        ("enabled: true", "enabled: false\n", "the workflow is disabled"),
    ],
)
def test_what_starts_nothing_is_recorded_with_its_reason(new_site, rest, more, reason):
    site = new_site(waits("clean", rest, more))
    told = send(site, payload=FULL)
    assert told["runs"] == []
    assert reason in told["reason"]
    ((trigger, run, recorded),) = firings(site)
    assert (trigger, run) == ("event[0]", None)
    assert recorded.startswith(reason)
    assert site.count() == 0


def test_an_if_may_read_the_repository_and_the_time(new_site):
    site = new_site(waits("clean", "if: \"${{ repository.name == 'shop' && now() > '2020' }}\""))
    assert len(send(site)["runs"]) == 1


def test_what_a_sender_wrote_is_text(new_site):
    site = new_site(waits("clean", "env: {DISK: '${{ event.body.disk }}'}"))
    (run,) = send(site, payload={"disk": "${{ secrets.KEY }}"})["runs"]
    plan = site.http.get(run["url"] + "/plan").json()
    assert "${{ secrets.KEY }}" in str(plan["steps"])


@pytest.mark.parametrize("name", ["-x", "a%20b", "%00", "x" * 64, "a%2Fb"])
def test_what_is_no_name_is_not_found(new_site, name):
    send(new_site(waits()), name, status=404)


def test_wrong_bodies_are_refused(new_site):
    site = new_site(waits())
    assert send(site, wrong=1, status=422)["errors"][0]["pointer"] == "/wrong"
    assert send(site, payload="\0", status=422)
    assert (
        site.http.post(
            "/api/v1/events/disk-full", content=b"{", headers={"content-type": "application/json"}
        ).status_code
        == 400
    )
    assert site.http.post("/api/v1/events/disk-full").status_code == 422  # an empty payload has no disk
    assert site.count() == 0
