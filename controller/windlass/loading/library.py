"""The files of a library at its locked commit, as whoever has them hands them to loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.loading.places import Listed, Reader


@dataclass(frozen=True, slots=True)
class LibraryFiles:
    """`entries` are those of the whole commit, verified below the library's path."""

    entries: Sequence[Listed]
    read: Reader
