"""What a step says of itself: that it could not do its work, which is `errored` and not `failed`.

In: the bytes of $WINDLASS_OUTPUT. Out: cause and message, or None. It goes the way of the outputs, so that it works
wherever a step runs. Of the causes only `tool-missing` can be claimed: the others are for the engine to say.
"""

from __future__ import annotations

from windlass.assignments import ERRORED
from windlass.runs.outputs import written

CAUSE = "reported"
CLAIMED = ("tool-missing",)
LONGEST = 1000  # characters of a message: it goes into rows, lists and mails


def reported(raw: bytes) -> tuple[str, str] | None:
    """`windlass.errored=tool-missing: git is not installed…`; without such a word the cause is `reported`."""
    if ERRORED.encode() not in raw:
        return None
    said = written(raw).get(ERRORED)
    if said is None:
        return None
    cause, _, rest = str(said).partition(":")
    message = rest if cause in CLAIMED else str(said)
    return (cause if cause in CLAIMED else CAUSE), " ".join(message.split())[:LONGEST] or "it could not do its work"
