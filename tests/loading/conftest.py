"""A repository in memory: files by path, loaded with what a real program knows about time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from windlass.clock import VirtualClock
from windlass.loading.repository import Loaded, load_repository
from windlass.reconcile.definitions import TimeCheckers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SEPTEMBER_2026 = 1_790_000_000_000


@dataclass(frozen=True)
class Entry:
    path: str
    size: int = 0
    kind: str = "file"
    blob: str = ""


class Load(Protocol):
    def __call__(self, files: Mapping[str, bytes | str], *more: Entry, only: str | None = None) -> Loaded: ...


@pytest.fixture
def load() -> Load:
    def loading(files: Mapping[str, bytes | str], *more: Entry, only: str | None = None) -> Loaded:
        contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
        entries = [*(Entry(path, len(data)) for path, data in contents.items()), *more]

        def read(wanted: Sequence[Entry]) -> dict[str, bytes]:
            return {entry.path: contents[entry.path] for entry in wanted if entry.path in contents}

        return load_repository(entries, read, checkers=TimeCheckers(VirtualClock(SEPTEMBER_2026)), only=only)

    return loading


@pytest.fixture
def entry() -> type[Entry]:
    return Entry
