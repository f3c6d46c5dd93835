"""Where paths of `files` and `cache` lead: whatever is written, never outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.plan.step_paths import Where, where


@pytest.mark.parametrize(
    ("path", "root", "parts"),
    [
        ("a", "work", ("a",)),
        ("a/b c/.d", "work", ("a", "b c", ".d")),
        ("./a//b/", "work", ("a", "b")),
        (".", "work", ()),
        ("~", "home", ()),
        ("~/.netrc", "home", (".netrc",)),
        ("~//a", "home", ("a",)),
        ("a/~/b", "work", ("a", "~", "b")),
        ("...", "work", ("...",)),
    ],
)
def test_paths(path, root, parts):
    assert where(path) == Where(root, parts)


@pytest.mark.parametrize(
    "path", ["", "/", "/etc/passwd", "..", "a/../b", "~/..", "~root/x", "a\0b", "a\nb", "x" * 5000, "./../a"]
)
def test_refused(path):
    with pytest.raises(ValueError, match=r"path|home|absolute|characters"):
        where(path)


@given(st.text(alphabet="ab~./\0 ", max_size=12))
def test_no_path_leads_out_and_each_means_itself(path):
    try:
        found = where(path)
    except ValueError:
        return
    assert not {"", ".", ".."} & set(found.parts)
    assert all("/" not in part for part in found.parts)
    assert where(found.text) == found
    assert found.holds(found)
