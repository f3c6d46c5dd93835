"""Which names may be used, apart from what git's own check refuses first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.sources.names import broken_rule, collisions, shown_path


@pytest.mark.parametrize(
    "name",
    [
        *("..", ".", "a/../b", "a//b", "/a", ".git", ".GIT", "a/.Git/config", "git~1", "GIT~1", "a/git~1"),
        *(
            ".g\u200cit",
            "\u200d.git",
            ".gi\ufefft",
            ".git.",
            ".git ",
            ".git. .",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "...",
        ),
    ],
)
def test_g10_names_that_mean_git_or_a_parent_on_some_file_system(name):
    assert broken_rule(name.encode())[0] == "path-git-directory"


@pytest.mark.parametrize(
    "name", [".github/x", ".gitignore", ".gitmodules", "git", "agit~1", "git~2", "x.git", "...a", "a..b"]
)
def test_names_that_only_look_like_it_are_fine(name):
    assert broken_rule(name.encode()) is None


@pytest.mark.parametrize("name", ["ünï/ö.yaml", "日本語.yaml", "a b", "ab:c", "emoji🎉", "wide\u3000space", "x" * 255])
def test_other_scripts_and_spaces_are_fine(name):
    assert broken_rule(name.encode()) is None


@given(st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw))
def test_g11_any_bytes_are_judged_and_shown_without_harm(raw):
    assert shown_path(raw).isprintable()
    rule = broken_rule(raw)
    assert rule is None or rule[1].isprintable()
    if rule is None:
        assert raw.decode().encode() == raw


def test_g13_collisions_name_all_of_a_group():
    found = collisions(["A", "a", "b", "stra\u00dfe", "STRASSE", "\u00e9", "e\u0301"])
    assert found["A"] == found["a"] == ["A", "a"]
    assert found["\u00e9"] == ["e\u0301", "\u00e9"]
    assert "b" not in found
