"""Which tags a repository has: the question of the polls of repositories with a `git: tag` trigger.

In: a folder on this machine, or what a server answers. Out: the commit that each tag stands for; a tag of something
else than a commit stands for that. Names git would not accept are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError
from windlass.sources.branch import check_branch, local_git_folder
from windlass.sources.local_refs import OBJECT_ID, is_readable, refs_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

TAGS = "refs/tags/"
_PEELED = "^{}"
_FORMAT = "--format=%(objectname)\t%(refname)\n%(*objectname)\t%(refname)^{}"


class LocalTags:
    """Asks git only when the files of the tags have changed: they do not tell the commit of an annotated tag."""

    def __init__(self) -> None:
        self._files: dict[str, str] | None = None
        self._tags: dict[str, str] = {}

    def look(self, path: Path, ask: Callable[[Sequence[str]], bytes]) -> dict[str, str]:
        """Raises SourceError."""
        where = local_git_folder(path)
        files = refs_below(where, TAGS) if is_readable(where) else None
        if files is None or files != self._files:
            self._tags = _named(ask(["for-each-ref", _FORMAT, TAGS]).decode("utf-8", "surrogateescape").splitlines())
            self._files = files
        return dict(self._tags)


def remote_tags(list_refs: Callable[[Sequence[str]], bytes]) -> dict[str, str]:
    """`list_refs` is `git ls-remote [options] URL patterns`; an annotated tag's commit is told as `NAME^{}`."""
    return _named(list_refs([TAGS + "*"]).decode("utf-8", "surrogateescape").splitlines())


def _named(lines: Iterable[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in lines:
        value, _, ref = line.partition("\t")
        if not OBJECT_ID.fullmatch(value) or not ref.startswith(TAGS):
            continue
        name = ref.removeprefix(TAGS)
        (peeled if name.endswith(_PEELED) else plain)[name.removesuffix(_PEELED)] = value
    return {name: peeled.get(name, value) for name, value in plain.items() if _is_name(name)}


def _is_name(name: str) -> bool:
    try:
        check_branch(name)
    except UsageError:
        return False
    return True
