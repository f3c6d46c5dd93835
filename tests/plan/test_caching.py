"""Which cache a key finds, and which ones make room: rules of their own, apart from any store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.errors import ExpressionError
from windlass.plan.caching import checked_key, chosen, evicted, kept_path

KEYS = st.text(alphabet="ab-", max_size=5)


def find(rows, key, *restore):
    return chosen(rows, lambda row: row, key, restore)


@pytest.mark.parametrize(
    ("rows", "key", "restore", "expected"),
    [
        ([], "a", ["a"], None),
        (["a-2", "a-1"], "a-1", [], "a-1"),
        (["a-2", "a-1"], "a-3", ["a-"], "a-2"),
        (["a-2", "a-1"], "a-3", [], None),
        (["b-9", "a-2", "a-1"], "a-3", ["a-1", "b-"], "a-1"),
        (["b-9", "a-2"], "c", ["x-", "b"], "b-9"),
        (["b-9", "a-2"], "a-2", ["b"], "a-2"),
        (["b-9"], "a", [""], "b-9"),
        (["a-10"], "a-1", [], None),
    ],
)
def test_chosen(rows, key, restore, expected):
    assert find(rows, key, *restore) == expected


@given(st.lists(KEYS, unique=True), KEYS, st.lists(KEYS, max_size=3))
def test_the_key_itself_wins_then_the_order_of_prefixes_then_age(rows, key, restore):
    found = find(rows, key, *restore)
    if key in rows:
        assert found == key
        return
    fitting = [[row for row in rows if row.startswith(prefix)] for prefix in restore]
    expected = next((group[0] for group in fitting if group), None)
    assert found == expected


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(0, 300))
def test_no_more_goes_than_must_and_the_last_one_stays(sizes, limit):
    gone = evicted(sizes, limit)
    assert 0 <= gone <= max(0, len(sizes) - 1)
    if gone < len(sizes) - 1:
        assert sum(sizes[gone:]) <= limit
    if gone:
        assert sum(sizes[gone - 1 :]) > limit


def test_keys_and_paths():
    assert checked_key("k" * 512) == "k" * 512
    for bad in ("", "k" * 513):
        with pytest.raises(ExpressionError, match="cache: the key"):
            checked_key(bad)
    assert kept_path("./a//b/") == "a/b"
    for bad in (".", "~", "/a", "../a"):
        with pytest.raises(ValueError, match=r"cache|absolute|leave"):
            kept_path(bad)
