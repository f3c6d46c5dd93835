"""Where a repository on this machine stands, without starting a process.

In: the folder of a repository (a clone, a linked work tree, a bare one). Out: the branch that is checked
out and the commit of a branch. Reading three small files takes microseconds, a git process milliseconds, and this
is asked every second. What only git can read (reftable) is `None` here, and the caller asks git.
"""

from __future__ import annotations

import re
from pathlib import Path

from windlass.frozen import dataclass

OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
MAX_POINTER = 4096
_SYMBOLIC = "ref: "
_MAX_HOPS = 5


@dataclass(frozen=True, slots=True)
class GitFolder:
    """`git` holds HEAD, `common` the refs and objects; they differ in a linked work tree."""

    git: Path
    common: Path


@dataclass(frozen=True, slots=True)
class LocalHead:
    """`ref` is a full name (`refs/heads/main`), None when HEAD is detached; `commit` None before the first one."""

    ref: str | None
    commit: str | None


def find_git_folder(folder: Path) -> GitFolder | None:
    """The git folder of a work tree's root or of a bare repository; None when it is neither."""
    dot_git = folder / ".git"
    git = dot_git
    if dot_git.is_file():
        pointer = _text(dot_git)
        if pointer is None or not pointer.startswith("gitdir: "):
            return None
        git = folder / pointer.removeprefix("gitdir: ").rstrip("\n")
    elif not dot_git.is_dir():
        git = folder
    if not (git / "HEAD").is_file():
        return None
    shared = _text(git / "commondir")
    common = git / shared.rstrip("\n") if shared else git
    return GitFolder(git, common) if (common / "objects").is_dir() else None


def is_readable(where: GitFolder) -> bool:
    """False for a repository whose refs are not files (reftable)."""
    return not (where.common / "reftable").is_dir()


def read_head(where: GitFolder) -> LocalHead | None:
    """What HEAD says; during a rebase the branch that is being rebased. None when HEAD is not understood."""
    text = _text(where.git / "HEAD")
    if text is None:
        return None
    value = text.strip()
    if OBJECT_ID.fullmatch(value):
        rebased = _rebased_branch(where)
        if rebased is not None:  # its commits are halfway; the branch itself still is what it was
            return LocalHead(rebased, read_ref(where, rebased))
        return LocalHead(None, value)
    if not value.startswith(_SYMBOLIC + "refs/"):
        return None
    ref = value.removeprefix(_SYMBOLIC)
    return LocalHead(ref, read_ref(where, ref))


def read_ref(where: GitFolder, ref: str) -> str | None:
    """The object a full ref name stands for, loose before packed; None when there is no such ref."""
    for _ in range(_MAX_HOPS):
        value = (_text(where.common / ref) or "").strip()
        if OBJECT_ID.fullmatch(value):
            return value
        if not value.startswith(_SYMBOLIC + "refs/"):
            return _packed(where.common).get(ref)
        ref = value.removeprefix(_SYMBOLIC)
    return None


def has_branches(where: GitFolder) -> bool:
    """Whether any branch exists at all."""
    heads = where.common / "refs" / "heads"
    if any(path.is_file() for path in heads.rglob("*")):
        return True
    return any(ref.startswith("refs/heads/") for ref in _packed(where.common))


def refs_below(where: GitFolder, prefix: str) -> dict[str, str]:
    """Every ref whose name begins with `prefix` (`refs/tags/`), with the object it stands for, as git wrote it."""
    found = {ref: value for ref, value in _packed(where.common).items() if ref.startswith(prefix)}
    for path in (where.common / prefix).rglob("*"):
        value = (_text(path) or "").strip() if path.is_file() else ""
        if OBJECT_ID.fullmatch(value):
            found[path.relative_to(where.common).as_posix()] = value
    return found


def _packed(common: Path) -> dict[str, str]:
    try:
        text = (common / "packed-refs").read_text("utf-8", "surrogateescape")
    except OSError:
        return {}
    found = {}
    for line in text.splitlines():
        commit, _, ref = line.partition(" ")
        if OBJECT_ID.fullmatch(commit):
            found[ref] = commit
    return found


def _rebased_branch(where: GitFolder) -> str | None:
    for folder in ("rebase-merge", "rebase-apply"):
        name = (_text(where.git / folder / "head-name") or "").strip()
        if name.startswith("refs/heads/"):
            return name
    return None


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_POINTER).decode("utf-8", "surrogateescape")
    except OSError:
        return None
