"""One digest over the files that globs mean: what `hashFiles` gives.

In: the tree of a commit or a work tree, globs. Out: SHA-256 over the sorted paths and git's blob ids, as hex; "" when
no file matches. A commit's files are not read, its tree has their ids; those of a work tree are hashed as git would,
uncommitted changes included, and only where a glob matches. Either way the files are those that `checkout` would give.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

from windlass.errors import SourceError
from windlass.patterns import allows
from windlass.sources.work_tree import head_commit, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from windlass.sources.tree import Entry, Tree

    TreeOf = Callable[[str, str], Tree]  # of a repository at a commit

_K = TypeVar("_K")
_V = TypeVar("_V")
MOST_TREES = 8
MOST_DIGESTS = 4096
_MAGIC = frozenset("*?[")
_PIECE = 1 << 20


def digest_of(files: Iterable[tuple[str, str]]) -> str:
    """The digest of paths with their blob ids; "" without any."""
    found = sorted(files)
    if not found:
        return ""
    summed = hashlib.sha256()
    for path, blob in found:
        summed.update(path.encode("utf-8", "surrogateescape") + b"\0" + blob.encode() + b"\0")
    return summed.hexdigest()


def matching(entries: Iterable[Entry], globs: Sequence[str]) -> list[Entry]:
    """The files and links that the globs mean; submodules are empty folders in a checkout."""
    return [entry for entry in entries if entry.kind != "submodule" and allows(globs, entry.path)]


def work_tree_digest(root: Path, globs: Sequence[str]) -> str:
    """Of the work tree as it is now. Raises SourceError when a file cannot be read."""
    commit = head_commit(root)
    algorithm = "sha256" if commit is not None and len(commit) == 64 else "sha1"
    found = scan(root, _places(globs))
    entries = matching((*found.entries, *found.ambiguous), globs)
    return digest_of((entry.path, _blob_id(root, entry, algorithm)) for entry in entries)


def _places(globs: Sequence[str]) -> tuple[str, ...]:
    """The folders and files below which all matches are; none: everywhere."""
    if not globs or globs[0].startswith("!"):
        return ()
    places = []
    for glob in globs:
        if not glob.startswith("!"):
            parts = glob.split("/")
            plain = next((i for i, part in enumerate(parts) if not _MAGIC.isdisjoint(part)), len(parts))
            if plain == 0 or not {"", ".", ".."}.isdisjoint(parts[:plain]):
                return ()
            places.append("/".join(parts[:plain]))
    return tuple(places)


def _blob_id(root: Path, entry: Entry, algorithm: str) -> str:
    try:
        if entry.kind == "symlink":
            content = os.fsencode(os.readlink(root / entry.path))  # noqa: PTH115 - as bytes, whatever they are
            return _git_hash(algorithm, len(content), [content])
        descriptor = os.open(root / entry.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            return _git_hash(algorithm, size, iter(lambda: file.read(_PIECE), b""))
    except OSError as error:
        raise SourceError(f"cannot read {entry.path}: {error.strerror}", "NotReadable") from error


def _git_hash(algorithm: str, size: int, pieces: Iterable[bytes]) -> str:
    """The id of a blob (git-hash-object): a hash over `blob SIZE`, NUL and the content."""
    summed = hashlib.new(algorithm, f"blob {size}\0".encode(), usedforsecurity=False)
    for piece in pieces:
        summed.update(piece)
    return summed.hexdigest()


class CommitHashes:
    """Digests of commits, remembered: a commit's files never change, and many runs ask the same of it.

    `tree` may be called from any thread; the trees of the last few commits are kept.
    """

    def __init__(self, tree: TreeOf) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._trees: OrderedDict[tuple[str, str], tuple[Entry, ...]] = OrderedDict()
        self._digests: OrderedDict[tuple[str, str, tuple[str, ...]], str] = OrderedDict()

    def digest(self, repository: str, commit: str, globs: Sequence[str]) -> str:
        """Raises SourceError when the commit cannot be read."""
        key = (repository, commit, tuple(globs))
        with self._lock:
            known = self._digests.get(key)
            entries = self._trees.get(key[:2])
        if known is not None:
            return known
        if entries is None:
            tree = self._tree(repository, commit)
            entries = (*tree.entries, *tree.ambiguous)
        found = digest_of((entry.path, entry.blob) for entry in matching(entries, globs))
        with self._lock:
            _remember(self._trees, key[:2], entries, MOST_TREES)
            _remember(self._digests, key, found, MOST_DIGESTS)
        return found


def _remember(kept: OrderedDict[_K, _V], key: _K, value: _V, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
