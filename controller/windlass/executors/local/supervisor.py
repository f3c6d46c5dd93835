"""The supervisor: one small process per controller that keeps wardens ready and buries them.

In: descriptor 3 (see `channel`), a mode. Out: forked wardens. A warden waits for a launch in advance, so that no fork
stands between a launch and its program, and waits for another when its attempt ended plainly. The supervisor lives as
long as any of its wardens, also after the controller: as a subreaper it inherits what a killed warden leaves and
ends it.
Modes, when the controller is gone: `adopt` lets attempts live on for the next controller; `foreground` ends them.
Imported by path from `spawn` in a bare interpreter (-I -S): only builtins and this package.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import time

from windlass.executors.local import channel
from windlass.executors.local.board import Board
from windlass.executors.local.descendants import children, descendants, signal_all
from windlass.executors.local.prctl import argument_area, become_subreaper, set_title, signal_on_parent_death
from windlass.executors.local.warden import STOP_NOW, Warden
from windlass.executors.process_identity import boot_id, start_time

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from types import FrameType

READY = 2  # wardens that wait for a launch: one is taken while the next is forked
PATIENCE = 5.0  # seconds for the orphans of a killed warden to die
KEEP = 6  # wardens that may wait for another launch after their first, rather than end; more would only use memory


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
        self.parent = os.getpid()
        self.boot = boot_id()
        self.area = argument_area(os.getpid())
        self.wardens: dict[int, int] = {}  # pid -> its place on the board
        self.board = Board()
        self.alone = False  # the controller is gone
        self.short, self.tell_short = os.pipe()  # a byte: a warden saw too few waiting
        self.wake = wake_pipe()
        self.poller = select.poll()
        self.poller.register(channel.FD, 0)  # only its hang-up: launches are for the wardens
        self.poller.register(self.short, select.POLLIN)
        self.poller.register(self.wake, select.POLLIN)

    def run(self) -> None:
        while not self.alone or self.wardens:
            refused = not self.fork_ready()
            for fd, _ in self.poller.poll(100 if refused else None):
                if fd == channel.FD:
                    self.on_controller_gone()
                else:
                    os.read(fd, 4096)
            self.bury()

    def fork_ready(self) -> bool:
        """False: the system has no more processes now; launches wait in the socket."""
        while self.board.waiting() < READY and not self.alone:
            place = self.board.take_place()
            try:
                pid = os.fork()
            except OSError:
                self.board.leave(place)
                return False
            if pid == 0:
                os._exit(self.be_warden(place))
            self.wardens[pid] = place
        return True

    def on_controller_gone(self) -> None:
        """In foreground all are told to stop; one that takes a launch still in the socket finds the signal waiting."""
        self.alone = True
        self.poller.unregister(channel.FD)
        if self.foreground:
            signal_all(list(self.wardens), STOP_NOW)

    def bury(self) -> None:
        """Collect dead wardens; end and collect what killed ones left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            place = self.wardens.pop(pid, None)
            if place is None:  # an orphan
                continue
            self.board.leave(place)
            if status:
                self.end_orphans()
                channel.report(channel.FD, "gone", pid)

    def end_orphans(self) -> None:
        """Kill every child that is no warden: what a killed warden leaves is given to us, then what is below that."""
        deadline = time.monotonic() + PATIENCE
        while orphans := [pid for pid in children(os.getpid()) if pid not in self.wardens]:
            signal_all(orphans, signal.SIGKILL)
            gone = [os.waitpid(orphan, os.WNOHANG)[0] for orphan in orphans]
            if not any(gone):
                time.sleep(0.001)  # they are dying
            if time.monotonic() > deadline:  # a dead disk holds them; new wardens matter more
                return

    def be_warden(self, place: int) -> int:
        """In the fork: wait for launches and see each through. The exit status: 0 when all is told."""
        pid = os.getpid()
        signal_on_parent_death(signal.SIGKILL)  # one that waits is of no use without a supervisor
        os.setsid()
        become_subreaper()
        wake = wake_pipe()
        start = start_time(pid) or 0
        while (launch := channel.next_launch(channel.FD)) is not None:
            if self.board.busy(place) < READY:
                os.write(self.tell_short, b".")
            signal_on_parent_death(STOP_NOW if self.foreground else 0)
            set_title(f"windlass: {launch['title']}", self.area)
            warden = Warden(launch, pid, start, self.boot, wake)
            try:
                warden.run()
            except Exception:  # noqa: BLE001 - a bug of ours must not look like an end: nothing is left, then `lost`
                signal_all(descendants(pid), signal.SIGKILL)
                return 1
            if not warden.clean or self.board.waiting() >= KEEP or os.getppid() != self.parent:
                return 0
            signal_on_parent_death(signal.SIGKILL)
            os.chdir("/")  # no hold on a folder that is going to be deleted
            self.board.waits(place)
            set_title("windlass: ready", self.area)
        return 0


def main() -> None:
    """`argv[1]` is the mode."""
    os.closerange(channel.FD + 1, 256)  # what the controller's start left open
    os.set_inheritable(channel.FD, False)
    become_subreaper()
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, STOP_NOW, signal.SIGCHLD):
        signal.signal(number, _noted)
    supervisor = Supervisor(foreground=sys.argv[1] == "foreground")
    set_title("windlass: supervisor", supervisor.area)
    gc.disable()
    gc.freeze()  # forks share these pages as long as nobody touches them
    supervisor.run()
