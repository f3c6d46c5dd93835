"""Polls of libraries: one question per library and interval, back-off, a nudge for whom it concerns."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from windlass.clock import VirtualClock
from windlass.errors import SourceError
from windlass.reconcile.library_polls import INTERVAL, LibraryPolls, Seen
from windlass.sources.location import Location
from windlass.sources.named_refs import Named

if TYPE_CHECKING:
    from collections.abc import Callable

INFRA = (Location("https://git.example.com/infra.git", local=False), "v1")
BASE = (Location("https://git.example.com/base.git", local=False), None)


class Mirrors:
    """What each library answers: a commit, or an error."""

    def __init__(self) -> None:
        self.answers: dict[str, str | SourceError] = {INFRA[0].url: "c1", BASE[0].url: "b1"}
        self.asked: list[str] = []

    def of(self, location: Location) -> Any:
        mirrors = self

        class Mirror:
            def find(self, _ref: str | None) -> Named:
                mirrors.asked.append(location.url)
                answer = mirrors.answers[location.url]
                if isinstance(answer, SourceError):
                    raise answer
                return Named(answer, ())

        return Mirror()


@pytest.fixture
def world() -> tuple[LibraryPolls, Mirrors, VirtualClock, list[str], Callable[[], None]]:
    mirrors, clock, nudged = Mirrors(), VirtualClock(), []
    polls = LibraryPolls(mirrors, clock, lambda: 0.0, nudged.append)  # type: ignore[arg-type]

    def turn() -> None:
        for one in polls.due():
            polls.look(one)

    return polls, mirrors, clock, nudged, turn


def test_asked_once_for_all_who_name_it(world: Any) -> None:
    polls, mirrors, clock, nudged, turn = world
    polls.watch("shop", {INFRA})
    polls.watch("data", {INFRA, BASE})
    turn()
    assert sorted(mirrors.asked) == sorted([INFRA[0].url, BASE[0].url])
    assert sorted(nudged) == ["data", "data", "shop"]
    turn()
    assert len(mirrors.asked) == 2, "not before the interval is over"
    clock.advance(INTERVAL)
    turn()
    assert len(mirrors.asked) == 4
    assert len(nudged) == 3, "nothing new, nobody is told"
    mirrors.answers[INFRA[0].url] = "c2"
    clock.advance(INTERVAL)
    turn()
    assert polls.seen(INFRA) == Seen("c2")
    assert sorted(nudged[3:]) == ["data", "shop"]


def test_away_and_back(world: Any) -> None:
    polls, mirrors, clock, nudged, turn = world
    polls.watch("shop", {INFRA})
    turn()
    mirrors.answers[INFRA[0].url] = SourceError("no route", "Unreachable")
    times = []
    for _ in range(400):
        clock.advance(INTERVAL)
        before = len(mirrors.asked)
        turn()
        times += [clock.now()] * (len(mirrors.asked) - before)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps[:3] == [2 * INTERVAL, 4 * INTERVAL, 8 * INTERVAL]
    assert gaps[-1] == 15 * 60 * 1000
    assert (polls.seen(INFRA).newest, polls.seen(INFRA).error) == ("c1", "no route")
    assert nudged == ["shop", "shop"]
    mirrors.answers[INFRA[0].url] = "c1"
    clock.advance(15 * 60 * 1000)
    turn()
    assert polls.seen(INFRA) == Seen("c1")
    assert nudged == ["shop"] * 3


def test_what_nobody_names_any_more_is_not_asked(world: Any) -> None:
    polls, mirrors, clock, _, turn = world
    polls.watch("shop", {INFRA, BASE})
    polls.watch("shop", {BASE})
    turn()
    clock.advance(INTERVAL)
    turn()
    assert set(mirrors.asked) == {BASE[0].url}
    polls.watch("shop", set())
    clock.advance(INTERVAL)
    turn()
    assert len(mirrors.asked) == 2
