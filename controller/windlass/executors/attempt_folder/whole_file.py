"""Small files of an attempt that are whole or not there: they are read after a crash.

In: values that JSON has, and a path. Out: the file, for this user alone, and the values again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def read_whole(path: Path) -> dict[str, Any] | None:
    """None: there is no such file. Raises OSError."""
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return found


def write_whole(path: Path, values: dict[str, Any]) -> None:
    """Raises OSError."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(values), encoding="utf-8")
    half.chmod(0o600)
    half.replace(path)
