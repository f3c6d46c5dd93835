"""The user's own checkout as the command line sees it: its root, its name, its files loaded as they are now.

In: a path. Out: what `loading` makes of the work tree, uncommitted changes included; no network (fine print).
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.clock import SystemClock
from windlass.errors import UsageError
from windlass.loading.places import SETTINGS
from windlass.reconcile.definitions import load_files
from windlass.sources import work_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from windlass.loading.places import Listed
    from windlass.loading.repository import Loaded


@dataclass(frozen=True, slots=True)
class WorkTree:
    root: Path
    loaded: Loaded

    def text_of(self, file: str) -> str | None:
        """The file as text, to show the line of a problem."""
        try:
            return (self.root / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def find_root(path: Path) -> Path:
    """The repository that `path` belongs to. A file in no repository still runs: it is as if one began above its
    `workflows` folder, or else where it stands.
    """
    try:
        return work_tree.find_root(path)
    except UsageError:
        found = path.resolve()
        if not found.is_file():
            return found
        return next((parent.parent for parent in found.parents if parent.name == "workflows"), found.parent)


def load_work_tree(root: Path, *, only: str | None = None) -> WorkTree:
    """`only`: one workflow file is wanted; others are not read."""
    found = work_tree.scan(root, _places(root) if only is None else (SETTINGS, only))

    def read(entries: Sequence[Listed]) -> dict[str, bytes]:
        contents = {}
        for entry in entries:
            with suppress(OSError):  # what is left out is reported as unreadable
                contents[entry.path] = (root / entry.path).read_bytes()
        return contents

    loaded = load_files(found.entries, read, SystemClock(), listing_problems=found.problems, only=only)
    return WorkTree(root, loaded)


def _places(root: Path) -> tuple[str, ...]:
    """Where definitions may stand: everywhere when windlass.yaml says so, else the three folders, not node_modules."""
    try:
        moved = b"paths" in (root / SETTINGS).read_bytes()
    except OSError:
        moved = False
    return () if moved else (SETTINGS, "workflows", "actions", "tests")


def plain_name(text: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")[:63].strip("-") or "repository"


def repository_name(root: Path) -> str:
    """Named after its folder: lower case, other characters than [a-z0-9-] as `-`."""
    return plain_name(root.resolve().name)
