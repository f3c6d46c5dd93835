"""Logs by offset and by line: fine print "Logs"; promises R22 to R24."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from tests.web.log_client import lines_of
from tests.web.site import until, workflow

from windlass.executors.held import Outcome
from windlass.reconcile.log_reader import LogChunk
from windlass.runs.model import Attempt, Status, Step, StepKey
from windlass.web.log_lines import LogLines, add_to, from_cursor, split, to_cursor
from windlass.web.problem import Refused

TWO = "  build: {run: make}\n  test: {run: make test}\n"


def log(site, run, step="build", **query):
    return site.http.get(f"/api/v1/runs/{run}/steps/{step}/logs", params=query)


def test_a_log_is_read_from_an_offset_while_it_grows(shared):
    run = shared.begin()
    attempt = shared.running(run=run)
    empty = log(shared, run)
    assert (empty.status_code, empty.content, empty.headers["windlass-complete"]) == (200, b"", "false")
    assert empty.headers["content-type"] == "text/plain; charset=utf-8"
    shared.held.write_log(attempt, b"one\n\xff\x00\x1b[31m\n")
    answer = log(shared, run)
    assert answer.content == b"one\n\xff\x00\x1b[31m\n"
    assert (answer.headers["windlass-next-offset"], answer.headers["windlass-complete"]) == ("12", "false")
    assert answer.headers["x-content-type-options"] == "nosniff"
    shared.held.write_log(attempt, b"end")
    assert log(shared, run, offset=12).content == b"end"
    part = log(shared, run, offset=0, limit=4)
    assert (part.content, part.headers["windlass-next-offset"]) == (b"one\n", "4")
    shared.held.finish(attempt)
    shared.ended(run)
    whole = log(shared, run, attempt=1, offset=12, limit=3)
    assert (whole.content, whole.headers["windlass-complete"]) == (b"end", "true")
    for offset in (15, 16, 10**9, 2**62):
        past = log(shared, run, offset=offset)
        assert (past.status_code, past.content, past.headers["windlass-complete"]) == (200, b"", "true")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"offset": -1}, 400),
        ({"offset": "x"}, 400),
        ({"limit": 0}, 400),
        ({"attempt": 0}, 400),
        ({"attempt": 2}, 404),
        ({"item": "eu"}, 404),
        ({"step": "nothing"}, 404),
        ({"step": "../build"}, 404),
    ],
)
def test_what_is_not_there_is_a_problem(shared, query, status):
    run = shared.begin()
    attempt = shared.running(run=run)
    answer = log(shared, run, **query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert log(shared, "nobody").status_code == 404
    shared.held.finish(attempt)


def test_a_step_that_has_not_begun_has_an_empty_log(new_site):
    site = new_site(
        {"workflows/deploy.yaml": workflow(steps="  build: {run: make}\n  test: {needs: [build], run: x}\n")}
    )
    run = site.begin()
    attempt = site.running(run=run)
    answer = log(site, run, "test")
    assert (answer.status_code, answer.content, answer.headers["windlass-complete"]) == (200, b"", "false")
    site.held.finish(attempt, exit_code=1)
    site.ended(run)
    assert log(site, run, "test").headers["windlass-complete"] == "true"


# ---- by line


def test_lines_of_all_steps_arrive_as_they_are_written(new_site):
    site = new_site({"workflows/deploy.yaml": workflow(steps=TWO)})
    run = site.begin()
    build, test = site.running("build"), site.running("test")
    with site.socket(f"{run}/logs") as socket:
        site.held.write_log(build, b"one\ntw")
        first = socket.receive_json()
        assert first.keys() == {"cursor", "step", "item", "attempt", "time", "text"}
        assert (first["step"], first["item"], first["attempt"], first["text"]) == ("build", None, 1, "one")
        site.held.write_log(test, b"other\n")
        assert socket.receive_json()["text"] == "other"
        site.held.write_log(build, b"o\n\nlast")
        assert [socket.receive_json()["text"] for _ in range(2)] == ["two", ""]
        site.held.finish(build)
        assert socket.receive_json()["text"] == "last"
        site.held.finish(test)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1000


def test_every_cursor_goes_on_behind_its_line(new_site):
    site = new_site({"workflows/deploy.yaml": workflow(steps=TWO)})
    run = site.begin()
    build, test = site.running("build"), site.running("test")
    site.held.write_log(build, b"".join(b"b%d\n" % n for n in range(5)))
    site.held.write_log(test, b"".join(b"t%d\n" % n for n in range(5)))
    site.held.finish(build)
    site.held.finish(test)
    site.ended(run)
    whole = lines_of(site, run)
    assert sorted(line["text"] for line in whole) == [f"{s}{n}" for s in "bt" for n in range(5)]
    for number, line in enumerate(whole):
        assert [later["text"] for later in lines_of(site, run, line["cursor"])] == [
            later["text"] for later in whole[number + 1 :]
        ]


def test_attempts_follow_one_another(new_site):
    retry = "  build: {run: make, retry: {attempts: 2, delay: 1ms}}\n"
    site = new_site({"workflows/deploy.yaml": workflow(steps=retry)})
    run = site.begin()
    for number, code in ((1, 1), (2, 0)):
        attempt = until(lambda n=number: next((k for k in site.held.running() if k.number == n), None))
        site.held.write_log(attempt, b"try %d" % number)
        site.held.finish(attempt, exit_code=code)
    site.ended(run)
    assert [(line["attempt"], line["text"]) for line in lines_of(site, run)] == [(1, "try 1"), (2, "try 2")]


def test_a_run_without_output_is_closed_at_once(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()}, script=lambda launch: Outcome())
    run = site.begin()
    site.ended(run)
    assert lines_of(site, run) == []


def test_long_lines_come_in_parts_and_bytes_that_are_no_text_are_shown(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    run = site.begin()
    attempt = site.running()
    site.held.write_log(attempt, "ü".encode() * 100_000 + b"\n\xff\n")
    site.held.finish(attempt)
    texts = [line["text"] for line in lines_of(site, run)]
    assert "".join(texts[:-1]) == "ü" * 100_000
    assert max(len(text.encode()) for text in texts) <= 16 * 1024
    assert texts[-1] == "\ufffd"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("nobody/logs", {}, 404),
        ("{run}/logs?cursor=forged", {}, 400),
        ("{run}/logs?cursor=" + "A" * 20_000, {}, 400),
        ("{run}/logs", {"origin": "https://evil.example.com"}, 403),
        ("{run}/logs", {"host": "evil.example.com"}, 403),
        ("{run}/logs", {"authorization": "Bearer wrong"}, 401),
    ],
)
def test_a_socket_is_refused_like_any_request(shared, path, headers, status):
    run = shared.begin()
    shared.held.finish(shared.running(run=run))
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        shared.socket(path.format(run=run), headers),
    ):
        pass
    assert refused.value.status_code == status
    assert refused.value.headers["content-type"] == "application/problem+json"


def test_a_reader_who_leaves_stops_the_work(new_site):
    site = new_site({"workflows/deploy.yaml": workflow()})
    run = site.begin()
    attempt = site.running()
    with site.socket(f"{run}/logs") as socket:
        site.held.write_log(attempt, b"one\n")
        socket.receive_json()
        socket.close()
    assert site.http.get("/healthz").status_code == 200


@pytest.mark.parametrize("places", [{}, {("build", ""): (1, 0)}, {("a/b", "x=1,y=ü"): (3, 2**40), ("b", ""): (1, 7)}])
def test_a_cursor_comes_back(places):
    assert from_cursor(to_cursor(places, [(0, 3), (5, 5)])) == (places, [(0, 3), (5, 5)])


@given(st.lists(st.integers(0, 30)))
def test_what_is_over_is_kept_in_ranges(indexes):
    over = []
    for index in indexes:
        add_to(over, index)
    assert [n for first, last in over for n in range(first, last + 1)] == sorted(set(indexes))
    assert all(before[1] + 1 < after[0] for before, after in pairwise(over))


def test_a_cursor_stays_short_however_many_logs_there_are():
    """The first step goes on all the time; every other item ended without a word."""

    def attempt(ended):
        return Attempt(1, Status.SUCCEEDED if ended else Status.RUNNING, ended_at=ended)

    steps = [Step(StepKey("slow"), Status.RUNNING, attempts=(attempt(None),))]
    steps += [Step(StepKey("each", str(n)), Status.SUCCEEDED, attempts=(attempt(1),)) for n in range(3000)]

    def read(step, item, _attempt, offset, _limit):
        data = b"line\n" if step == "slow" or int(item) % 2 else b""
        return LogChunk(data[offset:], len(data), complete=step != "slow")

    def sent(cursor):
        lines = LogLines(read, cursor)
        return [line for index, step in enumerate(steps) for line in lines.lines(index, step, 5)]

    whole = sent(None)
    assert len(whole) == 1501
    assert max(len(line["cursor"]) for line in whole) < 500
    assert [line["item"] for line in sent(whole[700]["cursor"])] == [line["item"] for line in whole[701:]]


@pytest.mark.parametrize(
    "text",
    ["x", "eJw", to_cursor({("a", ""): (0, 0)}), to_cursor({("a", ""): (1, -1)}), "é", "\x00", to_cursor({}, [(3, 1)])],
)
def test_a_forged_cursor_is_refused(text):
    with pytest.raises(Refused):
        from_cursor(text)


def test_lines_and_their_offsets():
    assert list(split(b"a\n\nb", whole=False)) == [("a", 2), ("", 3)]
    assert list(split(b"a\n\nb", whole=True)) == [("a", 2), ("", 3), ("b", 4)]
    assert list(split(b"", whole=True)) == []
