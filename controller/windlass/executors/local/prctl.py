"""The three process attributes Python has no call for (prctl(2)), and the title `ps` shows.

Only ctypes: the supervisor imports this, once, before it forks.
"""

from __future__ import annotations

import ctypes

from windlass.executors.process_identity import stat_fields

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Orphans below this process become its children. Not inherited by forks."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def signal_on_parent_death(number: int) -> None:
    """0 switches it off. Not inherited by forks."""
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def argument_area(pid: int) -> tuple[int, int]:
    """Address and length of the command line in memory (proc_pid_stat(5), fields 48 and 49); stays valid in forks."""
    fields = stat_fields(pid)
    if not fields or len(fields) < 47:
        return 0, 0
    start, end = int(fields[45]), int(fields[46])
    return start, max(0, end - start)


def set_title(title: str, area: tuple[int, int]) -> None:
    """What `ps` shows for this process, cut to the room that its command line left."""
    _libc.prctl(_PR_SET_NAME, b"windlass", 0, 0, 0)
    address, length = area
    if length > 1:
        ctypes.memset(address, 0, length)
        text = title.encode("utf-8", "replace")[: length - 1]
        ctypes.memmove(address, text, len(text))
