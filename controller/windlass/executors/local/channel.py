"""What the controller, the supervisor and the wardens say to one another over one SOCK_SEQPACKET socket pair.

Each message is one datagram, a marshalled tuple or dict: both ends are the same interpreter of the same start, and
marshal is the only encoder that costs the supervisor no import. The supervisor's end is descriptor 3 and is shared by
all wardens: a ready warden that reads a launch is the one that runs it. Such sockets work with read and write.

To the wardens:  a launch (dict, see `executor.message`), or {"file": PATH} for one that does not fit a datagram.
To the controller:  ("started", ID, AT, WARDEN_PID, WARDEN_START, CHILD_PID)
                    ("part", ID)                    a part has begun: the journal says which
                    ("ended", ID, AT, EXIT_CODE, OUTPUTS or None, CAUSE or None, MESSAGE or None, START or None)
                                                    no outputs: read them from the file; START as of "started", AT
                                                    and what follows, when that was not told before
                    ("failed", ID, AT, MESSAGE)     it could not be started
                    ("taken", ID)                   the gate was won by somebody else
                    ("gone", WARDEN_PID)            a warden died, with an attempt or without
Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from typing import Any

FD = 3
LIMIT = 64 * 1024  # of a datagram: well below the default socket buffer (208 KiB), so that a few fit


def encode(message: Any) -> bytes:
    return marshal.dumps(message)


def decode(data: bytes) -> Any:
    return marshal.loads(data)  # noqa: S302 - only our own processes hold the other end


def next_launch(fd: int) -> dict[str, Any] | None:
    """Wait for a launch; None when the controller is gone."""
    data = os.read(fd, LIMIT + 1)
    return _launch(data) if data else None


def _launch(data: bytes) -> dict[str, Any]:
    launch: dict[str, Any] = decode(data)
    if "file" in launch:
        with open(launch["file"], "rb") as file:
            data = file.read()
        os.unlink(launch["file"])
        launch = decode(data)
    return launch


def report(fd: int, *message: Any) -> None:
    """Tell the controller, if it still listens: the journal has told everybody else."""
    try:
        os.write(fd, encode(message))
    except (BrokenPipeError, ConnectionResetError):
        return
