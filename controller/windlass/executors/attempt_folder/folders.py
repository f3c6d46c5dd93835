"""Where an attempt's things are: names from its key, so that any later controller finds them.

In: the data folder and an AttemptKey. Out: paths. `attempts/RUN/NAME` is deleted by `forget`; `logs/RUN/NAME.log` is
kept. NAME is `STEP[@ITEM].NUMBER`, percent-encoded, cut with a digest when the file system would not take it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.runs.model import AttemptKey

WORK = "work"  # the program's directory
HOME = "home"  # if it has one of its own
OWED = "collect.json"  # what is to be collected of it after its end
_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_LONGEST = 200  # bytes; file systems take 255


def encoded(text: str) -> str:
    """Letters, digits, `_` and `-` as they are, all else `%XX`: no dot, slash or `@` remains."""
    data = text.encode("utf-8", "surrogatepass")
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], data).decode("ascii")


def attempt_name(key: AttemptKey) -> str:
    name = encoded(key.path) + (f"@{encoded(key.item)}" if key.item else "")
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 34]}~{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    return f"{name}.{key.number}"


class Folders:
    def __init__(self, data: Path) -> None:
        self.attempts = data.absolute() / "attempts"
        self.logs = data.absolute() / "logs"

    def attempt(self, key: AttemptKey) -> Path:
        """Holds what its executor keeps of it, script, inputs.json, output, env, stop, tmp/, work/ and home/."""
        return self.attempts / encoded(key.run) / attempt_name(key)

    def log(self, key: AttemptKey) -> Path:
        return self.logs / encoded(key.run) / f"{attempt_name(key)}.log"
