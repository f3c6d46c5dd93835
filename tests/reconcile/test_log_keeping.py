"""Logs go into the object store as they grow, and leave the disk when all of them is there."""

from __future__ import annotations

import pytest

from windlass.artifacts.names import of_log
from windlass.artifacts.objects import Objects, ObjectStoreError, folder_url
from windlass.logs.archive import LogArchive
from windlass.reconcile.log_keeping import LogKeeping
from windlass.runs.model import Attempt, AttemptKey, Step, StepKey

KEY = AttemptKey("run-1", "build", "", 1)


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.archive = LogArchive(Objects(folder_url(folder / "objects")))
        self.keeping = self.new()

    def new(self) -> LogKeeping:
        return LogKeeping(self.archive, lambda key: self.folder / f"{key.path}.{key.number}")

    def write(self, text: str) -> None:
        with (self.folder / "build.1").open("a") as file:
            file.write(text)

    def tell(self, head, *, ended: bool) -> None:
        attempt = Attempt(1, ended_at=5 if ended else None)
        self.keeping.changed(head, [Step(StepKey("build"), attempts=(attempt,))])

    @property
    def stored(self) -> bytes:
        return self.archive.read(of_log(*KEY), 0, 1000)[0]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


class Head:
    id = "run-1"


def test_a_growing_log_is_stored_in_pieces_and_stays(place):
    place.tell(Head, ended=False)
    place.write("one\n")
    place.keeping.look()
    place.write("two\n")
    place.keeping.look()
    place.keeping.look()
    assert place.stored == b"one\ntwo\n"
    assert (place.folder / "build.1").exists()


def test_a_whole_log_is_stored_and_leaves_the_disk(place):
    place.tell(Head, ended=False)
    place.write("one\n")
    place.keeping.look()
    place.write("two\n")
    place.tell(Head, ended=True)
    place.keeping.look()
    assert place.stored == b"one\ntwo\n"
    assert not (place.folder / "build.1").exists()


def test_another_life_goes_on_where_the_last_one_was(place):
    place.tell(Head, ended=False)
    place.write("one\n")
    place.keeping.look()
    place.keeping = place.new()
    place.tell(Head, ended=False)
    place.write("two\n")
    place.keeping.look()
    assert place.stored == b"one\ntwo\n"


def test_a_log_that_was_read_again_and_is_shorter_takes_nothing_away(place):
    place.tell(Head, ended=False)
    place.write("one\ntwo\n")
    place.keeping.look()
    (place.folder / "build.1").write_text("two\n")
    place.tell(Head, ended=True)
    place.keeping.look()
    assert place.stored == b"one\ntwo\n"


def test_a_store_that_is_away_loses_nothing(place, monkeypatch):
    place.write("one\n")
    place.tell(Head, ended=True)

    def away(*_):
        raise ObjectStoreError("away")

    with monkeypatch.context() as patch:
        patch.setattr(place.archive, "complete", away)
        with pytest.raises(ObjectStoreError):
            place.keeping.look()
    assert (place.folder / "build.1").exists()
    place.keeping.look()
    assert place.stored == b"one\n"


def test_an_attempt_of_another_run_is_that_runs(place):
    place.write("one\n")
    attempt = Attempt(1, ended_at=5, handle={"run": "run-0"})
    place.keeping.changed(Head, [Step(StepKey("build"), attempts=(attempt,))])
    place.keeping.look()
    assert (place.folder / "build.1").exists()
