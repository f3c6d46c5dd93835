"""How an attempt ended, as its executor knows it; and `end.json`, where those keep it whose evidence goes away.

In: values. Out: the file, written before anybody hears of the end and before the container goes. It holds no secret.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.whole_file import read_whole, write_whole
from windlass.runs.model import PartRecord

if TYPE_CHECKING:
    from pathlib import Path

END = "end.json"


@dataclass(frozen=True, slots=True)
class Over:
    """As `runs.model.Ended`, without the key."""

    at: int
    exit_code: int | None
    outputs: bytes = b""
    cause: str | None = None
    message: str | None = None
    parts: tuple[PartRecord, ...] = ()


def write_end(folder: Path, over: Over) -> None:
    """Raises OSError."""
    written = {**asdict(over), "outputs": over.outputs.decode("latin-1"), "parts": [asdict(p) for p in over.parts]}
    write_whole(folder / END, written)


def read_end(folder: Path) -> Over | None:
    """Raises OSError."""
    found = read_whole(folder / END)
    if found is None:
        return None
    parts = tuple(PartRecord(**part) for part in found["parts"])
    return Over(**{**found, "outputs": found["outputs"].encode("latin-1"), "parts": parts})
