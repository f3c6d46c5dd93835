"""Which commit a written ref stands for: a tag, a branch or a commit, as a library's `ref` names it.

In: the text, and a way to ask a folder on this machine or a server. Out: a `Named`. A tag wins over a branch of the
same name, as it does for git; an annotated tag stands for its commit. A commit is written in full: what a shorter one
means changes with the repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.errors import SourceError, UsageError
from windlass.sources.branch import HEADS, check_branch
from windlass.sources.failure import shown
from windlass.sources.local_refs import OBJECT_ID
from windlass.sources.tags import TAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")


@dataclass(frozen=True, slots=True)
class Named:
    """`refs` are full names under which a server that gives no commits by id has this one; empty: by id alone."""

    commit: str
    refs: tuple[str, ...]


def named_commit(written: str) -> Named | None:
    """A ref that is a commit's whole id needs no question. Raises SourceError for what can be no ref."""
    if OBJECT_ID.fullmatch(written):
        return Named(written, ())
    try:
        check_branch(written)
    except UsageError as error:
        raise SourceError(f"{shown(written)!r} is no tag, branch or commit", "SourceMissing") from error
    return None


def local_named(written: str, ask: Callable[[Sequence[str]], bytes]) -> Named:
    """`ask` runs git in the repository. Raises SourceError "SourceMissing"."""
    for ref in (TAGS + written, HEADS + written):
        try:
            answer = ask(["rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"])
        except SourceError:
            continue
        return Named(answer.decode().strip(), (ref,))
    raise _missing(written)


def remote_named(written: str, list_refs: Callable[[Sequence[str]], bytes]) -> Named:
    """`list_refs` is `git ls-remote [options] URL patterns`. Raises SourceError, "SourceMissing" for no such ref."""
    tag, branch = TAGS + written, HEADS + written
    found: dict[str, str] = {}
    for line in list_refs([tag, tag + "^{}", branch]).decode("utf-8", "surrogateescape").splitlines():
        value, _, ref = line.partition("\t")
        if OBJECT_ID.fullmatch(value):
            found[ref] = value
    for name, ref in ((tag + "^{}", tag), (tag, tag), (branch, branch)):
        if name in found:
            return Named(found[name], (ref,))
    raise _missing(written)


def refs_of(written: str | None) -> tuple[str, ...]:
    """Where a commit may be found that was once what `written` stood for."""
    if written is None:
        return ("HEAD",)
    try:
        return () if named_commit(written) is not None else (TAGS + written, HEADS + written)
    except SourceError:
        return ()


def _missing(written: str) -> SourceError:
    hint = "; write a commit in full, with 40 digits" if _ABBREVIATED.fullmatch(written) else ""
    return SourceError(f"there is no tag or branch {shown(written)}{hint}", "SourceMissing")
