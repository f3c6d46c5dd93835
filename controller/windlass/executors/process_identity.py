"""Which process is which: a pid alone proves nothing, a pid with its start time and the boot id does.

In: pids. Out: start times (clock ticks since boot, proc_pid_stat(5) field 22) and the kernel's boot id.
Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os


def boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def stat_fields(pid: int) -> list[bytes] | None:
    """The fields of /proc/PID/stat after the name (index 0 is the state, field 3); None when it is gone."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        data = os.read(fd, 4096)
    except OSError:  # ESRCH: it went between open and read
        return None
    finally:
        os.close(fd)
    return data[data.rfind(b")") + 2 :].split()


def start_time(pid: int) -> int | None:
    """None when there is no such process or it is a zombie: it will never run again."""
    fields = stat_fields(pid)
    if not fields or fields[0] in {b"Z", b"X"}:
        return None
    return int(fields[19])
