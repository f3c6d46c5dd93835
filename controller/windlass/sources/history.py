"""Which files a push touched.

In: two commits that are in the mirror. Out: paths. `git` triggers fire when any commit of a push touches their
paths, so a change that the same push takes back counts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _paths(output: bytes) -> set[str]:
    return {raw.decode("utf-8", "surrogateescape") for raw in output.split(b"\0") if raw}
