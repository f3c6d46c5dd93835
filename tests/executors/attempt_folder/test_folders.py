"""Names of attempts' folders: safe, different, not too long."""

from __future__ import annotations

from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from windlass.executors.attempt_folder.folders import Folders
from windlass.runs.model import AttemptKey

TEXT = st.text(max_size=300)
KEYS = st.builds(AttemptKey, st.just("run"), TEXT, TEXT, st.integers(1, 99))


def test_a_name_says_which_attempt_it_is() -> None:
    folders = Folders(Path("/data"))
    key = AttemptKey("01J", "deploy/apply", "zone=a,b=1", 2)
    assert folders.attempt(key) == Path("/data/attempts/01J/deploy%2Fapply@zone%3Da%2Cb%3D1.2")
    assert folders.log(key) == Path("/data/logs/01J/deploy%2Fapply@zone%3Da%2Cb%3D1.2.log")


@given(KEYS, KEYS)
@example(AttemptKey("run", "a", "b", 1), AttemptKey("run", "a@b", "", 1))
@example(AttemptKey("run", "a.1", "", 1), AttemptKey("run", "a", "", 1))
@example(AttemptKey("run", "x" * 300 + "1", "", 1), AttemptKey("run", "x" * 300 + "2", "", 1))
def test_names_are_safe_and_each_key_has_its_own(one: AttemptKey, other: AttemptKey) -> None:
    folders = Folders(Path("/data"))
    path = folders.log(one)
    assert path.parent == Path("/data/logs/run")
    assert len(path.name.encode()) <= 255
    assert (folders.log(one) == folders.log(other)) == (one == other)
