"""The supervisor: one small process per controller that keeps wardens ready and buries them.

In: descriptor 3 (see `channel`), a mode. Out: forked wardens. A warden waits for a launch in advance, so that no fork
stands between a launch and its program. It lives as long as any of its wardens, also after the controller: as a
subreaper it inherits what a killed warden leaves, and ends it.
Modes, when the controller is gone: `adopt` lets attempts live on for the next controller; `foreground` ends them.
Imported by path from `spawn` in a bare interpreter (-I -S): only builtins and this package.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys

from windlass.executors.local import channel
from windlass.executors.local.descendants import children, descendants, signal_all
from windlass.executors.local.identity import boot_id, start_time
from windlass.executors.local.prctl import argument_area, become_subreaper, set_title, signal_on_parent_death
from windlass.executors.local.warden import Warden

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from types import FrameType

NOTE = 40  # bytes of a note "this warden took that launch"
READY = 2  # wardens that wait for a launch: one is taken while the next is forked


def _noted(_number: int, _frame: FrameType | None) -> None:
    """A signal only wakes the poll, through the wake-up descriptor."""


def wake_pipe() -> int:
    """Signals of this process arrive here as bytes from now on; the readable end."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    return read_end


class Supervisor:
    def __init__(self, *, foreground: bool) -> None:
        self.foreground = foreground
        self.boot = boot_id()
        self.area = argument_area(os.getpid())
        self.ready: set[int] = set()
        self.busy: dict[int, int] = {}  # warden -> id of the launch it took
        self.alone = False  # the controller is gone
        self.taken, self.take = os.pipe()
        os.set_blocking(self.taken, False)
        self.wake = wake_pipe()
        self.poller = select.poll()
        self.poller.register(channel.FD, 0)  # only its hang-up: launches are for the wardens
        self.poller.register(self.taken, select.POLLIN)
        self.poller.register(self.wake, select.POLLIN)

    def run(self) -> None:
        while not self.alone or self.busy or self.ready:
            self.fork_ready()
            short = len(self.ready) < READY and not self.alone  # the system refused a fork: try again soon
            for fd, _ in self.poller.poll(100 if short else None):
                if fd == channel.FD:
                    self.on_controller_gone()
                elif fd == self.taken:
                    self.on_taken()
                else:
                    os.read(self.wake, 4096)
            self.bury()

    def fork_ready(self) -> None:
        while len(self.ready) < READY and not self.alone:
            try:
                pid = os.fork()
            except OSError:  # no more processes: launches wait in the socket
                return
            if pid == 0:
                os._exit(self.be_warden())
            self.ready.add(pid)

    def on_controller_gone(self) -> None:
        self.alone = True
        self.poller.unregister(channel.FD)
        if self.foreground:
            signal_all(list(self.busy), signal.SIGTERM)

    def on_taken(self) -> None:
        """Notes are whole: shorter than PIPE_BUF, and read by their multiple."""
        try:
            notes = os.read(self.taken, NOTE * 100)
        except BlockingIOError:
            return
        for start in range(0, len(notes), NOTE):
            pid, launch = map(int, notes[start : start + NOTE].split())
            self.ready.discard(pid)
            self.busy[pid] = launch
            if self.alone and self.foreground:
                signal_all([pid], signal.SIGTERM)

    def bury(self) -> None:
        """Collect dead wardens; end and collect what killed ones left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            while pid in self.ready and self._notes_wait():
                self.on_taken()  # it was quicker than we: its note is older than its end
            if status and (pid in self.ready or pid in self.busy):
                self.end_orphans()
                channel.report(channel.FD, "gone", self.busy.get(pid))
            self.ready.discard(pid)
            self.busy.pop(pid, None)

    def _notes_wait(self) -> bool:
        return bool(select.select([self.taken], [], [], 0)[0])

    def end_orphans(self) -> None:
        """Kill every child that is no warden, with all below it: a killed warden's processes are given to us."""
        while True:
            wardens = self.ready | set(self.busy)
            orphans = [pid for pid in children(os.getpid()) if pid not in wardens]
            if not orphans:
                return
            for orphan in orphans:
                signal_all(descendants(orphan), signal.SIGKILL)
            signal_all(orphans, signal.SIGKILL)
            for orphan in orphans:
                try:
                    os.waitpid(orphan, 0)
                except ChildProcessError:
                    continue

    def be_warden(self) -> int:
        """In the fork: wait for a launch and see it through. The exit status: 0 when all is told."""
        pid = os.getpid()
        signal_on_parent_death(signal.SIGKILL)  # one that waits is of no use without a supervisor
        os.setsid()
        become_subreaper()
        wake = wake_pipe()
        launch = channel.receive_launch(channel.FD)
        if launch is None:
            return 0
        signal_on_parent_death(signal.SIGTERM if self.foreground else 0)
        os.write(self.take, b"%20d%20d" % (pid, launch["id"]))
        set_title(f"windlass: {launch['title']}", self.area)
        warden = Warden(launch, pid, start_time(pid) or 0, self.boot, wake)
        try:
            warden.run()
        except Exception:  # noqa: BLE001 - a bug of ours must not look like an end: nothing is left, then `lost`
            signal_all(descendants(pid), signal.SIGKILL)
            sys.excepthook(*sys.exc_info())
            return 1
        return 0


def main() -> None:
    """`argv[1]` is the mode."""
    os.closerange(channel.FD + 1, 256)  # what the controller's start left open
    os.set_inheritable(channel.FD, False)
    become_subreaper()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, _noted)
    supervisor = Supervisor(foreground=sys.argv[1] == "foreground")
    set_title("windlass: supervisor", supervisor.area)
    gc.disable()
    gc.freeze()  # forks share these pages as long as nobody touches them
    supervisor.run()
