"""The word that a program has begun comes once, before that of its end, with the time at which it was known."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from windlass.executors.attempt_folder.end import Over, write_end
from windlass.executors.kubernetes import start_word
from windlass.executors.kubernetes.attempt import Attempt
from windlass.executors.kubernetes.life import live
from windlass.executors.kubernetes.pods import Pod, PodMeta
from windlass.executors.kubernetes.start_word import StartWord
from windlass.runs.model import AttemptKey

if TYPE_CHECKING:
    from pathlib import Path

POD = Pod(metadata=PodMeta(name="the-pod"))


class Heard:
    """What the executor would hear."""

    def __init__(self) -> None:
        self.words: list[tuple[Any, ...]] = []
        self.anything = asyncio.Event()

    def started(self, _attempt: Attempt, at: int, handle: dict[str, Any]) -> None:
        self.words.append(("started", at, handle.get("pod")))
        self.anything.set()

    def ended(self, _attempt: Attempt, over: Over) -> None:
        self.words.append(("ended", over.at, over.exit_code))

    def leave(self, _attempt: Attempt) -> None: ...


def attempt(folder: Path) -> Attempt:
    return Attempt(AttemptKey("run", "step", "", 1), folder, folder / "log", None)


def test_it_waits_for_the_end_and_has_its_own_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        times = iter([1000, 2000])
        monkeypatch.setattr(start_word, "now_millis", lambda: next(times))
        heard = Heard()
        word = StartWord(attempt(tmp_path), heard)  # type: ignore[arg-type]
        word.tell_soon(POD, "n")
        await asyncio.sleep(0)
        assert heard.words == []
        word.tell_now()
        word.tell_now()
        word.tell(POD, "n")
        assert heard.words == [("started", 1000, "the-pod")]

    asyncio.run(scene())


def test_it_does_not_wait_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(start_word, "TOGETHER", 0.0)
        heard = Heard()
        StartWord(attempt(tmp_path), heard).tell_soon(POD, "n")  # type: ignore[arg-type]
        await asyncio.wait_for(heard.anything.wait(), 20)
        assert [word[0] for word in heard.words] == ["started"]

    asyncio.run(scene())


def test_held_back_it_is_told_by_itself_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        monkeypatch.setattr(start_word, "TOGETHER", 0.0)
        heard = Heard()
        word = StartWord(attempt(tmp_path), heard)  # type: ignore[arg-type]
        word.tell_soon(POD, "n")
        word.hold_back()
        for _ in range(10):
            await asyncio.sleep(0)
        assert heard.words == []
        word.tell_now()
        assert len(heard.words) == 1

    asyncio.run(scene())


@pytest.mark.parametrize(("code", "words"), [(0, ["started", "ended"]), (None, ["ended"])])
def test_an_end_that_was_written_and_not_told_brings_it(tmp_path: Path, code: int | None, words: list[str]) -> None:
    """Killed in between: whoever adopts the attempt finds its end on the disk."""

    async def scene() -> None:
        write_end(tmp_path, Over(5000, code))
        heard = Heard()
        await live(attempt(tmp_path), heard, heard)  # type: ignore[arg-type]
        assert [word[:2] for word in heard.words] == [(word, 5000) for word in words]

    asyncio.run(scene())
