"""What objects are called: names that follow from the attempt, so that storing again replaces (idempotent by name).

In: run, step path, item, attempt, artifact. Out: `artifacts/RUN/STEP[.ITEM].NUMBER/NAME/…` and
`logs/RUN/STEP[.ITEM].NUMBER`, made of characters that every store takes as they are.
"""

from __future__ import annotations

import hashlib
import re

ARTIFACTS = "artifacts"
LOGS = "logs"
MANIFEST = "manifest"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_LONGEST = 150  # bytes of a segment; file systems take 255


def segment(text: str) -> str:
    """Letters, digits, `_` and `-` as they are, all else `=XX`; a long one is cut, with a digest of the whole."""
    data = text.encode("utf-8", "surrogatepass")
    found = _UNSAFE.sub(lambda match: b"=%02X" % match[0][0], data).decode("ascii")
    if len(found) <= _LONGEST:
        return found
    return f"{found[: _LONGEST - 34]}..{hashlib.sha256(data).hexdigest()[:32]}"


def of_run(run: str) -> str:
    """What everything that a run saved begins with."""
    return f"{ARTIFACTS}/{segment(run)}"


def of_artifact(run: str, step: str, item: str, attempt: int, name: str) -> str:
    return f"{of_run(run)}/{_of_attempt(step, item, attempt)}/{segment(name)}"


def logs_of_run(run: str) -> str:
    """What the logs of a run begin with."""
    return f"{LOGS}/{segment(run)}"


def of_log(run: str, step: str, item: str, attempt: int) -> str:
    return f"{logs_of_run(run)}/{_of_attempt(step, item, attempt)}"


def _of_attempt(step: str, item: str, attempt: int) -> str:
    return segment(step) + (f".{segment(item)}" if item else "") + f".{attempt}"
