"""Bring the supervisor to life, as early as possible and with as little as possible.

In: a mode. Out: its pid and our end of the channel. The command line calls this before the heavy imports, so that the
supervisor's 20 ms run beside them; it imports almost nothing itself.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from windlass.executors.local.channel import FD

_ROOT = str(Path(__file__).parents[3])  # what has to be on sys.path for `import windlass`
_PROGRAM = "import sys; sys.path.append(sys.argv.pop()); from windlass.executors.local.supervisor import main; main()"
_BETWEEN = 200  # any descriptor number that is free; the supervisor closes it
_ROOM = "-" * 120  # the command line is overwritten by the title that `ps` shows: it must be long enough


@dataclass(frozen=True, slots=True)
class SupervisorProcess:
    pid: int
    socket: socket.socket
    foreground: bool


def spawn_supervisor(*, foreground: bool = False) -> SupervisorProcess:
    """`foreground`: nothing is left running when this process ends; otherwise attempts live on to be adopted.

    Raises OSError when the system has no process or descriptor left.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mode = "foreground" if foreground else "adopt"
    try:
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", "-X", "frozen_modules", "-c", _PROGRAM, mode, _ROOM, _ROOT],
            {"PATH": os.defpath},
            file_actions=[
                *_move(theirs.fileno()),
                *((os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)),
            ],
            setsid=True,  # away from the terminal: Ctrl-C is the controller's to judge
            setsigmask=[],
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    return SupervisorProcess(pid, ours, foreground)


def _move(fd: int) -> list[tuple[int, int, int]]:
    """`fd` as descriptor FD of the new process, by way of another: dup2 onto itself would keep close-on-exec."""
    return [(os.POSIX_SPAWN_DUP2, fd, _BETWEEN), (os.POSIX_SPAWN_DUP2, _BETWEEN, FD)]
