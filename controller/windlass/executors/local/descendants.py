"""Every process of an attempt, wherever it moved: sessions, groups and double forks do not leave a subreaper's tree.

In: a pid. Out: the pids below it. A process whose parent dies is given to its nearest subreaper (prctl(2)), so all
processes that an attempt ever made are below its warden, and below the supervisor when the warden was killed.
Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os

from windlass.executors.process_identity import stat_fields

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from collections.abc import Callable


def children(pid: int) -> list[int]:
    """Living and dead children of every thread of `pid`; [] when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            continue
    return found


def _children_by_scan() -> dict[int, list[int]]:
    """For kernels without CONFIG_PROC_CHILDREN: every process under its parent's pid."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        fields = stat_fields(int(name)) if name.isdigit() else None
        if fields:
            below.setdefault(int(fields[1]), []).append(int(name))
    return below


def descendants(pid: int) -> list[int]:
    """Parents before their children, `pid` itself not included."""
    if os.path.exists(f"/proc/{pid}/task/{pid}/children"):
        look: Callable[[int], list[int]] = children
    else:
        below = _children_by_scan()
        look = lambda parent: below.get(parent, [])  # noqa: E731 - one of two ways to look, chosen once

    found: list[int] = []
    waiting = [pid]
    while waiting:
        for child in look(waiting.pop()):
            found.append(child)
            waiting.append(child)
    return found


def signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
        except PermissionError:  # a set-user-id program: not ours to end
            continue
