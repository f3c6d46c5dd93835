"""Server-sent events: fine print "Server"; promises R24 and R28."""

from __future__ import annotations

import json

import pytest
from tests.web.site import workflow

HOUR = 3_600_000


def read(parts, count):
    """The next `count` events of a stream: (id, kind, data)."""
    found, buffer = [], ""
    while len(found) < count:
        buffer += next(parts)
        *whole, buffer = buffer.split("\n\n")
        for block in whole:
            fields = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
            if fields:
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def stream(site, cursor=None, **headers):
    query = "" if cursor is None else f"?cursor={cursor}"
    return site.http.stream("GET", f"/api/v1/events{query}", headers=headers)


@pytest.fixture
def site(new_site):
    return new_site({"workflows/deploy.yaml": workflow()})


def test_changes_of_runs_and_sources_arrive_as_they_happen(site):
    with stream(site) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        parts = answer.iter_text()
        next(parts)  # the stream has begun
        run = site.begin()
        (first,) = read(parts, 1)
        assert first[1:2] == ("run",)
        assert (first[2]["id"], first[2]["status"]) == (run, "queued")
        assert "steps" not in first[2]
        site.held.finish(site.running(run=run))
        seen = read(parts, 2)
        assert [event[2]["status"] for event in seen] == ["running", "succeeded"]
        commit = site.push({"workflows/new.yaml": workflow("new")})["commit"]
        (source,) = read(parts, 1)
        assert (source[1], source[2]["name"], source[2]["commit"]) == ("source", "shop", commit)
        assert source[2].keys() == site.http.get("/api/v1/repositories/shop").json().keys()


def test_a_reader_goes_on_where_it_was(site):
    run = site.begin()
    site.held.finish(site.running(run=run))
    site.ended(run)
    with stream(site, 0) as answer:
        every = read(answer.iter_text(), 4)
    numbers = [number for number, _, _ in every]
    assert numbers == sorted(set(numbers))
    for number in numbers[:-1]:
        rest = [event for event in every if event[0] > number]
        with stream(site, **{"last-event-id": str(number)}) as answer:
            assert read(answer.iter_text(), len(rest)) == rest
        with stream(site, number) as answer:
            assert read(answer.iter_text(), len(rest)) == rest


def test_a_cursor_older_than_what_is_kept_is_gone(site):
    site.begin()
    site.running()
    newest = site.parts.reads.newest_event()
    site.ledger.writer.write(lambda tx: tx.prune_events(site.parts.clock.now() + HOUR))
    site.begin()
    answer = site.http.get("/api/v1/events", headers={"last-event-id": str(newest - 1)})
    assert (answer.status_code, answer.json()["status"]) == (410, 410)


def test_a_cursor_is_gone_when_everything_is(site):
    newest = site.parts.reads.newest_event()
    site.ledger.writer.write(lambda tx: tx.prune_events(site.parts.clock.now() + HOUR))
    assert site.http.get("/api/v1/events", headers={"last-event-id": str(newest)}).status_code == 410


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "999999999", "9" * 5000, "\u00b2"])
def test_a_forged_cursor_is_refused(site, cursor):
    answer = site.http.get("/api/v1/events", params={"cursor": cursor})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
