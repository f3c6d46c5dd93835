"""Artifacts around an attempt: what is saved of a success, of a failure, and what cannot be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from windlass.artifacts import names
from windlass.artifacts.objects import Objects, folder_url
from windlass.artifacts.transfer import Bounds
from windlass.executors.workspace.pieces import PieceError, Place, StoppedError
from windlass.reconcile.artifact_pieces import LoadArtifacts, SaveArtifacts
from windlass.runs.model import ArtifactRef, AttemptKey, Ended, Launch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = AttemptKey("01RUN", "outer/build", "a=1", 2)


class Attempts:
    def __init__(self, folder: Path) -> None:
        self.objects = Objects(folder_url(folder / "objects"))
        self.save = SaveArtifacts(self.objects, Bounds(size=100, files=3))
        self.load = LoadArtifacts(self.objects)
        self.checked = 0
        self.place = Place(KEY, folder / "attempt", folder / "attempt" / "work", self._check)
        self.place.work.mkdir(parents=True)

    def _check(self) -> None:
        self.checked += 1

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.place.work / name).write_text(text)

    def collect(
        self, saves: Mapping[str, tuple[str, ...]], *, code: int = 0, outputs: bytes = b"", **more: Any
    ) -> Mapping[str, Any]:
        owed = self.save.owes(Launch(KEY, "local", (), {}, saves=saves, **more))
        assert owed is not None
        kept: Mapping[str, Any] = self.save.collect(owed, self.place, Ended(KEY, 1, code, outputs))["artifacts"]
        return kept

    def loaded(self, **refs: ArtifactRef) -> None:
        launch = Launch(KEY, "local", (), {}, loads=refs)
        assert self.load.wants(launch)
        self.load.prepare(launch, self.place)


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path)


def ref(name: str) -> ArtifactRef:
    return ArtifactRef(KEY.run, KEY.path, KEY.item, KEY.number, name)


def test_what_is_saved_is_recorded_and_comes_back(attempts):
    attempts.write(a="one", b="two")
    kept = attempts.collect({"report": ("a",), "all": ("*",)})
    assert kept["report"] == {
        "size": 3,
        "files": 1,
        "folder": False,
        "digest": "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    }
    assert {key: kept["all"][key] for key in ("size", "files", "folder")} == {"size": 6, "files": 2, "folder": True}
    attempts.loaded(copy=ref("report"), everything=ref("all"))
    assert (attempts.place.work / "copy").read_text() == "one"
    assert (attempts.place.work / "everything" / "b").read_text() == "two"
    assert attempts.checked > 0


def test_an_attempt_that_saves_nothing_owes_nothing(attempts):
    assert attempts.save.owes(Launch(KEY, "local", (), {})) is None
    assert not attempts.load.wants(Launch(KEY, "local", (), {}))


def test_a_success_without_its_file_is_an_error_that_keeps_the_others(attempts):
    attempts.write(a="one")
    with pytest.raises(PieceError, match="artifact gone: there is nothing at g") as caught:
        attempts.collect({"gone": ("g",), "report": ("a",)})
    assert caught.value.cause == "artifact-missing"
    assert set(caught.value.detail["artifacts"]) == {"report"}


def test_a_failure_leaves_what_is_there(attempts):
    attempts.write(a="one")
    assert set(attempts.collect({"gone": ("g",), "report": ("a", "g")}, code=1)) == {"report"}
    assert attempts.collect({"gone": ("g",)}, code=1) == {}


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize(
    ("pattern", "message"),
    [("link", "leaves the working directory"), ("large", "limits.artifactSize"), ("*", "limits.artifactFiles")],
)
def test_what_is_refused_is_told_of_failures_too(attempts, pattern, message, code):
    attempts.write(a="", b="", c="", large="x" * 101)
    (attempts.place.work / "link").symlink_to("/etc/passwd")
    with pytest.raises(PieceError) as caught:
        attempts.collect({"report": (pattern,)}, code=code)
    assert caught.value.cause == "artifact-failed"
    assert message in str(caught.value)


def test_a_working_directory_that_is_gone(attempts):
    attempts.place.work.rmdir()
    with pytest.raises(PieceError, match="working directory") as caught:
        attempts.collect({"report": ("a",)})
    assert caught.value.cause == "artifact-missing"


def test_a_store_that_cannot_be_written(attempts, tmp_path):
    (tmp_path / "objects").write_text("in the way")
    attempts.write(a="one")
    with pytest.raises(PieceError, match="object store") as caught:
        attempts.collect({"report": ("a",)})
    assert caught.value.cause == "artifact-failed"


def test_a_stop_while_saving_comes_through(attempts):
    attempts.write(a="one")

    def stop() -> None:
        raise StoppedError

    attempts.place = Place(KEY, attempts.place.folder, attempts.place.work, stop)
    with pytest.raises(StoppedError):
        attempts.collect({"report": ("a",)})


# Outputs of type file


def test_a_file_output_is_an_artifact_of_its_name(attempts):
    attempts.write(p="page")
    kept = attempts.collect({}, outputs=b"n=1\npage=p\n", file_outputs={"page": None})
    assert (kept["page"]["size"], kept["page"]["folder"]) == (4, False)
    absolute = f"page={attempts.place.work}/p".encode()
    assert attempts.collect({}, outputs=absolute, file_outputs={"page": None}) == kept
    assert attempts.collect({}, outputs=b"", file_outputs={"page": None}) == {}


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ("gone", "artifact-missing"),
        ("", "artifact-missing"),
        ("*", "artifact-missing"),
        ("/etc/passwd", "artifact-missing"),
        ("../journal", "artifact-failed"),
        ("link", "artifact-failed"),
        ("folder", "output-type"),
        ("p", "artifact-failed"),
    ],
)
def test_a_file_output_has_to_be_one_file(attempts, value, cause):
    attempts.write(p="longer than 10 bytes")
    (attempts.place.work / "folder").mkdir()
    (attempts.place.work / "link").symlink_to("/etc/passwd")
    (attempts.place.folder / "journal").write_text("")
    with pytest.raises(PieceError) as caught:
        attempts.collect({}, outputs=f"page={value}".encode(), file_outputs={"page": 10})
    assert caught.value.cause == cause
    assert str(caught.value).startswith(("output page: ", "artifact page: "))


# Loading


def test_what_is_gone_from_the_store(attempts):
    with pytest.raises(PieceError, match="not in the object store any more") as caught:
        attempts.loaded(a=ref("report"))
    assert caught.value.cause == "artifact-missing"


def test_what_was_changed_in_the_store(attempts):
    attempts.write(a="one")
    attempts.collect({"report": ("a",)})
    attempts.objects.put(f"{names.of_artifact(*KEY, 'report')}/0", [b"two"])
    with pytest.raises(PieceError, match="digest") as caught:
        attempts.loaded(b=ref("report"))
    assert caught.value.cause == "artifact-failed"


def test_a_path_that_the_checkout_made_a_link(attempts):
    attempts.write(a="one")
    attempts.collect({"report": ("a",)})
    (attempts.place.work / "out").symlink_to("/tmp")
    with pytest.raises(PieceError, match="no folder"):
        attempts.loaded(**{"out/b": ref("report")})


def test_names_of_objects_are_apart():
    one = SimpleNamespace(run="r", path="a", item="1", number=1)
    found = {
        names.of_artifact(one.run, "a", "1.1", 1, "x"),
        names.of_artifact(one.run, "a.1", "1", 1, "x"),
        names.of_artifact(one.run, "a", "", 1, "x"),
        names.of_artifact(one.run, "a/1", "1", 1, "x"),
        names.of_artifact(one.run, "a", "1", 1, "y/../x"),
        names.of_artifact(one.run, "a" * 300, "1", 1, "x"),
        names.of_artifact(one.run, "a" * 301, "1", 1, "x"),
    }
    assert len(found) == 7
    assert all(".." not in name.split("/") and len(part) < 256 for name in found for part in name.split("/"))
