"""Which commit a repository's branch stands at: the cheap question of every poll.

In: a location, a branch name or None, the environment for git. Out: a `Head`. A folder on this machine is read as
files, a server is asked for the one ref that is wanted (protocol v2). Only full ref names are used, so a tag of
the same name means nothing (G26).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from windlass.errors import SourceError, UsageError
from windlass.sources.failure import shown
from windlass.sources.local_refs import (
    OBJECT_ID,
    GitFolder,
    find_git_folder,
    has_branches,
    is_readable,
    read_head,
    read_ref,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADS = "refs/heads/"

# git-check-ref-format(1); letters beyond ASCII are allowed there and here.
_BAD_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-/.]|[/.]$|^@$")


@dataclass(frozen=True, slots=True)
class Head:
    """`branch` is the name below refs/heads, or `HEAD` when a local repository has none checked out."""

    branch: str
    commit: str

    @property
    def ref(self) -> str:
        """Its full name."""
        return "HEAD" if self.branch == "HEAD" else HEADS + self.branch


def check_branch(branch: str) -> str:
    """The name, when it is one git would accept. Raises UsageError."""
    if not branch or len(branch) > 255 or _BAD_IN_BRANCH.search(branch) or not branch.isprintable():
        raise UsageError(f"{shown(branch)!r} is no branch name", "write it as `git branch` shows it")
    return branch


def local_head(path: Path, branch: str | None, ask: Callable[[Sequence[str]], bytes]) -> Head:
    """The head of a repository on this machine; `ask` runs git there, only for what files do not tell.

    Raises SourceError: "NotARepository", "EmptyRepository", "SourceMissing" (no such branch).
    """
    where = find_git_folder(path)
    if where is None:
        raise SourceError(f"{path} is no git repository", "NotARepository")
    if not is_readable(where):
        return _asked_head(branch, ask)
    if branch is not None:
        commit = read_ref(where, HEADS + branch)
        return Head(branch, commit) if commit else _missing(branch, empty=not has_branches(where))
    head = read_head(where)
    if head is None:
        raise SourceError(f"{path}: HEAD is not readable", "NotARepository")
    name = head.ref.removeprefix(HEADS) if head.ref else "HEAD"
    return Head(name, head.commit) if head.commit else _missing(name, empty=not has_branches(where))


def _asked_head(branch: str | None, ask: Callable[[Sequence[str]], bytes]) -> Head:
    if branch is None:
        name = ask(["rev-parse", "--symbolic-full-name", "HEAD"]).decode().strip()
        branch = name.removeprefix(HEADS) if name.startswith(HEADS) else None
    ref = HEADS + branch if branch else "HEAD"
    try:
        commit = ask(["rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"]).decode().strip()
    except SourceError:
        _missing(branch or "HEAD", empty=False)
    return Head(branch or "HEAD", commit)


def remote_head(branch: str | None, list_refs: Callable[[Sequence[str]], bytes]) -> Head:
    """The head of a repository on a server; `list_refs` is `git ls-remote [options] URL patterns`.

    Raises SourceError: "EmptyRepository", "SourceMissing" (no such branch), or what `list_refs` raises.
    """
    wanted = HEADS + branch if branch else "HEAD"
    found: dict[str, str] = {}
    default = None
    for line in list_refs([wanted]).decode("utf-8", "surrogateescape").splitlines():
        value, _, ref = line.partition("\t")
        if value.startswith("ref: ") and ref == "HEAD":
            default = value.removeprefix("ref: ")
        elif OBJECT_ID.fullmatch(value):
            found[ref] = value
    if wanted not in found:
        _missing(branch or "HEAD", empty=not _any_branch(list_refs))
    if branch is None:
        branch = default.removeprefix(HEADS) if default and default.startswith(HEADS) else "HEAD"
        if branch != "HEAD":
            check_branch(branch)
    return Head(branch, found[wanted])


def _any_branch(list_refs: Callable[[Sequence[str]], bytes]) -> bool:
    try:
        return bool(list_refs([HEADS + "*"]))
    except SourceError as error:
        if error.reason == "TooLarge":
            return True
        raise


def _missing(branch: str, *, empty: bool) -> NoReturn:
    if empty:
        raise SourceError("the repository has no commit yet", "EmptyRepository")
    if branch == "HEAD":
        raise SourceError("the default branch does not exist; name a branch", "SourceMissing")
    raise SourceError(f"there is no branch {branch}", "SourceMissing")


def local_git_folder(path: Path) -> GitFolder:
    """The git folder of a local repository. Raises SourceError "NotARepository"."""
    where = find_git_folder(path)
    if where is None:
        raise SourceError(f"{path} is no git repository", "NotARepository")
    return where
