"""The files of a library at one commit, or why they cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.loading.definition_files import Listed, Reader


@dataclass(frozen=True, slots=True)
class LibraryFiles:
    """`entries` are those of the whole commit; what is below the library's path is what was locked."""

    entries: Sequence[Listed]
    read: Reader


@dataclass(frozen=True, slots=True)
class Absent:
    """Why the files of a library cannot be had, as a rule and a message. A warning: what uses it is not checked."""

    rule: str  # library-not-checked, library-unavailable, library-mismatch
    message: str
