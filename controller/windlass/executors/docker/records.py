"""What is known of an attempt beside its container: `container.json` in the attempt's folder.

In: values. Out: the file, written before the engine is asked for anything: whoever finds it, may find a container. It
is whole or not there, and holds no secret.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.whole_file import read_whole, write_whole

if TYPE_CHECKING:
    from pathlib import Path

CONTAINER = "container.json"


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


def write_record(folder: Path, record: Record) -> None:
    """Raises OSError."""
    write_whole(folder / CONTAINER, asdict(record))


def read_record(folder: Path) -> Record | None:
    """None: nothing was ever asked of the engine. Raises OSError."""
    found = read_whole(folder / CONTAINER)
    known = {one.name for one in fields(Record)}
    return Record(**{name: value for name, value in found.items() if name in known}) if found is not None else None
