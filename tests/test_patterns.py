"""Globs of git triggers: parts, `**`, negation in order, and time that stays in proportion."""

from __future__ import annotations

import time

import pytest

from windlass.patterns import allows, allows_any, matches


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "maintenance", False),
        ("release/*", "release/1.0", True),
        ("release/*", "release/1.0/fix", False),
        ("release/**", "release/1.0/fix", True),
        ("release/**", "release", False),
        ("shop/**", "shop/a/b.py", True),
        ("shop/**", "shops/a", False),
        ("shop/", "shop/a/b.py", True),
        ("**", "a", True),
        ("**", "a/b", True),
        ("*", "a/b", False),
        ("**/*.py", "x.py", True),
        ("**/*.py", "a/b/x.py", True),
        ("**/*.py", "a/b/x.pyc", False),
        ("docs/**/*.md", "docs/x.md", True),
        ("a/**/b/**/c", "a/1/b/2/3/c", True),
        ("a/**/b/**/c", "a/1/2/3/c", False),
        ("v*", "v1.2.3", True),
        ("v[0-9].?", "v1.2", True),
        ("v[!0-9]", "v1", False),
        ("V*", "v1", False),
        ("été/*", "été/é", True),
        ("*.md", "line\nbreak.md", True),
    ],
)
def test_one_glob(glob, name, expected):
    assert matches(glob, name) is expected


@pytest.mark.parametrize(
    ("globs", "name", "expected"),
    [
        ([], "anything", True),
        (["main"], "main", True),
        (["main"], "other", False),
        (["**", "!docs/**"], "docs/a", False),
        (["**", "!docs/**", "docs/api.md"], "docs/api.md", True),
        (["!docs/**", "**"], "docs/a", True),
        (["!docs/**"], "src/a", True),
        (["!docs/**"], "docs/a", False),
        (["release/*", "!release/old"], "release/old", False),
    ],
)
def test_globs_in_their_order(globs, name, expected):
    assert allows(globs, name) is expected


def test_one_path_of_a_push_is_enough():
    assert allows_any(["**", "!docs/**"], ["docs/a", "src/b"])
    assert not allows_any(["**", "!docs/**"], ["docs/a", "docs/b"])
    assert not allows_any(["src/**"], [])
    assert allows_any([], [])


def test_no_glob_takes_long():
    began = time.process_time()
    assert not matches("/".join(["**", "a*a*a*a*a*b"] * 30), "/".join(["a" * 60] * 80))
    assert not matches("**/" * 300 + "x", "a/" * 300 + "y")
    assert time.process_time() - began < 2
