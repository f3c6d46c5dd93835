"""What is known of an attempt beside its container: two small files in the attempt's folder.

In: values. Out: `container.json`, written before the engine is asked for anything (whoever finds it, may find a
container), and `end.json`, written before anybody hears of the end and before the container goes. Both are whole or
not there. Neither holds a secret.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from windlass.runs.model import PartRecord

if TYPE_CHECKING:
    from pathlib import Path

CONTAINER = "container.json"
END = "end.json"


@dataclass(slots=True)
class Record:
    """`head`: bytes of our own at the beginning of the log; `limit`: of the outputs; times in milliseconds.

    `masked`: the container holds the list of what must not show. `mark` stands before what the driver of parts says.
    `services` by name; `tail`: bytes of the log before what they wrote, once that is being added.
    """

    name: str
    limit: int
    kill_after: int
    quiet: int | None
    masked: bool
    mark: str | None = None
    head: int = 0
    services: list[str] = field(default_factory=list)
    tail: int | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """As `runs.model.Ended`, without the key."""

    at: int
    exit_code: int | None
    outputs: bytes = b""
    cause: str | None = None
    message: str | None = None
    parts: tuple[PartRecord, ...] = ()


def write_record(folder: Path, record: Record) -> None:
    """Raises OSError."""
    _write(folder / CONTAINER, asdict(record))


def read_record(folder: Path) -> Record | None:
    """None: nothing was ever asked of the engine. Raises OSError."""
    found = _read(folder / CONTAINER)
    known = {one.name for one in fields(Record)}
    return Record(**{name: value for name, value in found.items() if name in known}) if found is not None else None


def write_end(folder: Path, over: Over) -> None:
    """Raises OSError."""
    written = {**asdict(over), "outputs": over.outputs.decode("latin-1"), "parts": [asdict(p) for p in over.parts]}
    _write(folder / END, written)


def read_end(folder: Path) -> Over | None:
    """Raises OSError."""
    found = _read(folder / END)
    if found is None:
        return None
    parts = tuple(PartRecord(**part) for part in found["parts"])
    return Over(**{**found, "outputs": found["outputs"].encode("latin-1"), "parts": parts})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return found


def _write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(values), encoding="utf-8")
    half.chmod(0o600)
    half.replace(path)
