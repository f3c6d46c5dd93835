"""Where state lives on this machine, and the server that runs on it.

In: flags and environment. Out: the data folder (`--data`, WINDLASS_DATA, $XDG_STATE_HOME/windlass) and what
`server.json` in it says about a running server.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def data_folder(flag: str | None) -> Path:
    """The folder; it need not exist."""
    named = flag or os.environ.get("WINDLASS_DATA")
    if named:
        return Path(named).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state and Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "windlass"


def running_server(folder: Path) -> dict[str, Any] | None:
    """`{"url", "pid"}` of the server on this folder, if its process is alive."""
    try:
        found: dict[str, Any] = json.loads((folder / "server.json").read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found
