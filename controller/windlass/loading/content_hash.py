"""The content hash of a folder at a commit: the same whatever the object format of git, and where it was fetched from.

In: the entries of a commit, a reader, the folder. Out: `sha256:…`, over one line for each file below the folder, sorted
by the bytes of its path: `MODE SHA256-OF-CONTENT PATH`, ended by NUL; MODE as git writes it (100644, 100755, 120000 for
a link, whose content is where it leads), PATH relative to the folder. A windlass.yaml above the folder, at the root,
counts as `/windlass.yaml`: workflows of the library are planned with it. A submodule (160000) has the id of its commit
in place of the hash: nothing of it is read (docs: language page, "Libraries").
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from windlass.loading.definition_files import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


class Stored(Protocol):
    """An entry of a commit."""

    @property
    def path(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def blob(self) -> str: ...


def content_hash(
    entries: Collection[Stored], read: Callable[[Sequence[str]], Mapping[str, bytes]], folder: str | None
) -> str:
    """`read` gives contents by object id; `folder` None is the root. Raises what `read` raises."""
    prefix = f"{folder}/" if folder else ""
    named = [(entry.path[len(prefix) :], entry) for entry in entries if entry.path.startswith(prefix)]
    named += [(f"/{SETTINGS}", entry) for entry in entries if folder and entry.path == SETTINGS]
    found = sorted((path.encode("utf-8", "surrogateescape"), entry) for path, entry in named)
    contents = read([entry.blob for _, entry in found if entry.kind != "submodule"])
    total = hashlib.sha256()
    for path, entry in found:
        own = entry.blob if entry.kind == "submodule" else hashlib.sha256(contents[entry.blob]).hexdigest()
        total.update(b"%b %b %b\0" % (entry.mode.encode(), own.encode(), path))
    return f"sha256:{total.hexdigest()}"
