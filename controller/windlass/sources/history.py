"""Which files a push touched, and who wrote its newest commit.

In: commits that are in the mirror. Out: paths, a name. `git` triggers fire when any commit of a push touches their
paths, so a change that the same push takes back counts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SourceError
from windlass.sources.failure import shown

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_NAME = 200
_FORM = ("-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv")


def changed_paths(git: Callable[..., bytes], old: str, new: str) -> list[str]:
    """Paths in which the commits differ and, when `old` is an ancestor, those any commit between them touched."""
    paths = _paths(git("diff-tree", *_FORM, "--end-of-options", old, new))
    if old != new and is_ancestor(git, old, new):
        # a merge counts as what it brought to its first parent; the commits it brought are in the list themselves
        touched = git("log", *_FORM, "--format=", "--diff-merges=first-parent", "--end-of-options", f"{old}..{new}")
        paths |= _paths(touched)
    return sorted(paths)


def is_ancestor(git: Callable[..., bytes], old: str, new: str) -> bool:
    """Whether `old` is reachable from `new`."""
    try:
        git("merge-base", "--is-ancestor", "--end-of-options", old, new)
    except SourceError:
        return False  # exit code 1: it is not; anything else: not to be relied on
    return True


def author_of(git: Callable[..., bytes], commit: str) -> str | None:
    """The author's name, without what a terminal or a page could take for more than text; None when there is none."""
    text = git("log", "-1", "--no-show-signature", "--format=%an", "--end-of-options", commit)
    return shown(text.decode("utf-8", "replace").strip())[:LONGEST_NAME] or None


def _paths(output: bytes) -> set[str]:
    return {raw.decode("utf-8", "surrogateescape") for raw in output.split(b"\0") if raw}
