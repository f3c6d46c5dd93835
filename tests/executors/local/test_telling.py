"""What a warden tells the controller, and how many messages that takes."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.executors.local import telling
from windlass.executors.local.telling import Telling

START = (1000, 5, 77, 6)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The messages, in place of the socket to the controller."""
    messages: list[tuple[Any, ...]] = []
    monkeypatch.setattr(telling.channel, "report", lambda _fd, *message: messages.append(message))
    return messages


def test_a_start_is_told_with_the_end_that_follows_it(told: list[tuple[Any, ...]]) -> None:
    news = Telling(9)
    news.started(START)
    news.due += 60
    news.by_now()
    assert told == []
    news.ended(1005, 0, b"a=b", None, None)
    assert told == [("ended", 9, 1005, 0, b"a=b", None, None, START)]


def test_a_start_whose_end_is_not_near_is_told_once(told: list[tuple[Any, ...]]) -> None:
    news = Telling(9)
    news.started(START)
    news.due = 0.0
    news.by_now()
    news.by_now()
    news.ended(9000, 3, None, None, "exit code 3")
    assert told == [("started", 9, *START), ("ended", 9, 9000, 3, None, None, "exit code 3", None)]


def test_nothing_is_told_of_an_attempt_before_its_start(told: list[tuple[Any, ...]]) -> None:
    news = Telling(9)
    news.started(START)
    news.part()
    news.failed(1006, "no such program")
    assert [message[0] for message in told] == ["started", "part", "failed"]
