"""The warden: one process per attempt, above all processes of it. It starts the program, keeps its log and ends it.

In: a launch, STOP (the grace is in the file `stop`). Out: the journal's lines, the log, and "started", "part" and
"ended" messages. The parts of a launch run one after another; what one leaves running lives on until the last is over.
Why a process of its own: it outlives the controller, and as a subreaper it knows every process the program ever made,
whatever session or group that moved to. Output goes through a pipe and not straight to the file: `> /dev/stderr`,
which scripts love, would truncate a file.
"""

from __future__ import annotations

import os
import select
import signal
import time

from windlass.executors.attempt_folder.log_file import LogFile, NotStartable, open_log
from windlass.executors.local import channel, journal
from windlass.executors.local.descendants import children, descendants, signal_all
from windlass.executors.local.limit import GIVE_UP, Limit
from windlass.executors.local.parts import Parts, collect
from windlass.executors.local.preparation import (
    enter_working_directory,
    explain,
    fill_folder,
    find_program,
    make_folder,
)
from windlass.executors.local.scanned import ScannedLog, find_packages, shown
from windlass.executors.local.telling import Telling
from windlass.executors.now import now_millis

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from typing import Any

    from windlass.executors.local.masked import MaskedLog
    from windlass.executors.local.parts import End

DRAIN = 2.0  # seconds that leftovers of a finished program may go on writing (docs: Running)
SPIN = 0.1  # seconds that one round of killing lasts at most: the log must be read, too
STOP_FILE = "stop"
STOP = signal.SIGTERM  # stop the attempt whose folder holds STOP_FILE: this warden may be at its next one by now
STOP_NOW = signal.SIGHUP  # stop whatever you have, with its own grace
_DEFAULTS = [signal.SIGPIPE, signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD, signal.SIGXFSZ]


class Warden:
    """Runs one launch to its end."""

    def __init__(self, launch: dict[str, Any], pid: int, start: int, boot: str, wake: int) -> None:
        self.launch = launch
        self.telling = Telling(launch["id"])
        self.folder: str = launch["folder"]
        self.pid, self.start, self.boot = pid, start, boot
        self.log: ScannedLog
        self.wake = wake  # readable when a signal came; the bytes are the signals' numbers
        self.parts = Parts(launch)
        self.in_part = False  # one has begun, and its end is not yet noted
        self.limit: Limit | None = None  # of this part
        self.child = 0
        self.status: int | None = None  # wait status of the child
        self.message: str | None = None
        self.clean = False  # ended plainly: nothing was left, stopped or amiss
        self.told: set[int] = set()  # who has had its TERM
        self.stopping = False
        self.drain_until: float | None = None
        self.kill_at: float | None = None
        self.killed_at: float | None = None

    def run(self) -> None:
        try:
            make_folder(self.folder)
            line = journal.warden_line(self.pid, self.start, self.boot, self.launch["output_limit"])
            claimed = journal.claim(self.folder, line)
        except OSError as error:
            self.telling.failed(now_millis(), f"cannot make its folder: {error.strerror}")
            return
        if claimed is None:
            self.telling.taken()
            return
        self.journal = claimed
        if self.launch["quiet"] is not None:
            self.record(journal.quiet_line(self.launch["quiet"]))
        try:
            self.begin()
        except (NotStartable, OSError, ValueError) as error:
            text = str(error) if isinstance(error, NotStartable) else f"cannot start: {error}"
            self.fail(text)
            return
        self.watch()
        self.finish()

    def fail(self, message: str) -> None:
        at, message = now_millis(), shown(message, self.launch) or ""
        self.record(journal.failed_line(at, message))
        self.telling.failed(at, message)

    def record(self, line: bytes) -> None:
        """Add to the journal. A full disk must not hide the end: what follows is then told by message alone."""
        try:
            os.write(self.journal, line)
        except OSError as error:
            self.message = f"the attempt's journal is incomplete: {error.strerror}"

    def begin(self) -> None:
        launch = self.launch
        log = LogFile(open_log(launch["log"]))
        self.log = ScannedLog(log, self.hiding, launch["masks"])
        if launch["note"]:
            log.write(launch["note"].encode() + b"\n")
        fill_folder(self.folder, launch)
        enter_working_directory(self.folder, launch["working_directory"])
        self.output, self.write_end = os.pipe()
        self.next_part()
        if not self.child:  # no part was to run
            self.tell_started()

    def hiding(self, log: LogFile, masks: list[str]) -> MaskedLog:
        find_packages(self.launch["packages"])
        from windlass.executors.local.masked import MaskedLog

        return MaskedLog(log, masks)

    def next_part(self) -> bool:
        """Start the next part that is to run; False: there is none."""
        part = self.parts.advance()
        while part is not None and not self.start_part(part):
            part = self.parts.advance()
        if not self.parts.more:
            self.hang_up()
        return part is not None

    def hang_up(self) -> None:
        """The pipe ends with the last process that writes to it, which is not us."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def start_part(self, part: dict[str, Any]) -> bool:
        """False: it could not be started. Of a launch without parts that is an error."""
        parts = self.parts
        if parts.listed:
            self.record(journal.part_line(parts.index, self.log.size, now_millis()))
        limit, env = part["timeout"], parts.environment(part)
        self.limit = Limit(self.pid, limit, self.launch["kill_after"]) if limit is not None else None
        try:
            child = self.spawn(find_program(part["argv"][0], env.get("PATH", "")), part["argv"], env)
        except (NotStartable, ValueError) as error:
            if not parts.listed:
                raise
            self.note_end((None, "start-failed", str(error)))
            return False
        first, self.child, self.status, self.in_part = not self.child, child, None, True
        if first:
            self.tell_started()
        if parts.listed:
            self.telling.part()
        return True

    def tell_started(self) -> None:
        at = now_millis()
        self.record(journal.child_line(self.child, at))
        self.telling.started((at, self.pid, self.start, self.child))

    def spawn(self, path: str, argv: list[str], env: dict[str, str]) -> int:
        try:
            return os.posix_spawn(
                path,
                argv,
                env,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, self.write_end, 1),
                    (os.POSIX_SPAWN_DUP2, self.write_end, 2),
                ],
                setpgroup=0,
                setsigmask=[],
                setsigdef=_DEFAULTS,
            )
        except OSError as error:
            raise NotStartable(explain(path, error, argv, env)) from error

    def go_on(self) -> bool:
        """The program of a part has ended: start the next one. False: there is none."""
        if self.stopping or self.status is None or not self.parts.more:
            return False
        self.log.write(collect(self.output))
        self.end_part()
        return self.next_part()

    def end_part(self) -> None:
        code = os.waitstatus_to_exitcode(self.status) if self.status is not None else -signal.SIGKILL
        cause = "timeout" if self.limit is not None and self.limit.exceeded else None
        end = (code if code >= 0 else 128 - code, cause, _signal_text(-code) if code < 0 else None)
        self.note_end(end if self.stopping else self.parts.hand_on(end))

    def note_end(self, end: End) -> None:
        """A part that was cut off by a stop has no end of its own."""
        self.in_part = False
        code, cause, message = end[0], end[1], shown(end[2], self.launch)
        if self.parts.listed and not self.stopping:
            self.record(journal.over_line(self.parts.index, code, now_millis(), cause, message))
        self.parts.note((code, cause, message))

    def watch(self) -> None:
        """Until no process of the attempt is left. Once its start is told, no timer runs while the program does."""
        self.poller = select.poll()
        self.poller.register(self.output, select.POLLIN)
        self.poller.register(self.wake, select.POLLIN)
        self.open = True
        while self.reap() or self.go_on():
            self.act_on_time()
            for fd, _ in self.poller.poll(self.timeout()):
                if fd == self.output:
                    self.copy()
                else:
                    self.heed(os.read(self.wake, 64))
        os.set_blocking(self.output, False)
        while self.open:  # what they wrote before they went; nobody is left to write more
            self.copy()

    def copy(self) -> None:
        try:
            data = os.read(self.output, 65536)
        except BlockingIOError:
            self.open = False  # empty, but somebody outside the attempt was given the other end: not ours to wait for
            return
        if data:
            self.log.write(data)
        else:
            self.open = False
            self.poller.unregister(self.output)

    def reap(self) -> bool:
        """Collect the dead; False when no process is left (or none that can be ended)."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                break
            if pid == self.child:
                self.status = status
        if self.killed_at is not None and time.monotonic() - self.killed_at > GIVE_UP:
            left = ", ".join(map(str, descendants(self.pid)))
            self.message = f"these processes could not be ended: {left}"
            return False
        return True

    def act_on_time(self) -> None:
        self.telling.by_now()
        if self.limit is not None and self.limited():
            self.limit.act()
        elif self.status is not None and self.kill_at is None and not self.go_on():
            self.drain()
        elif self.status is not None and self.stopping:
            self.terminate()  # what the program left behind while it was stopped has not had its TERM
        if self.killed_at is not None or (self.kill_at is not None and time.monotonic() >= self.kill_at):
            self.kill()

    def limited(self) -> bool:
        """The part's timeout still matters: its program runs, or what else it made is being ended."""
        limit = self.limit
        return limit is not None and self.in_part and not self.stopping and (self.status is None or limit.holds)

    def drain(self) -> None:
        """The program has ended and left processes: let them write for a moment, then end them."""
        now = time.monotonic()
        if self.drain_until is None:
            self.drain_until = now + DRAIN
        if not self.open or now >= self.drain_until:
            self.terminate()
            self.kill_at = time.monotonic() + self.launch["kill_after"] / 1000

    def heed(self, signals: bytes) -> None:
        grace = self.grace() if STOP in signals else None
        if STOP_NOW in signals and grace is None:
            grace = self.launch["kill_after"]
        if grace is not None:
            self.stop(grace / 1000)

    def stop(self, grace: float) -> None:
        """Told to stop, perhaps again with less grace."""
        if not self.stopping:
            self.stopping = True
            self.terminate()
        deadline = time.monotonic() + grace
        self.kill_at = deadline if self.kill_at is None else min(self.kill_at, deadline)

    def grace(self) -> int | None:
        """Milliseconds; None: it was the attempt before this one that was to stop."""
        try:
            with open(f"{self.folder}/{STOP_FILE}", "rb") as file:
                return int(file.read())
        except FileNotFoundError:
            return None

    def terminate(self) -> None:
        """TERM to each process once; CONT so that a suspended one can obey."""
        fresh = [pid for pid in descendants(self.pid) if pid not in self.told]
        self.told.update(fresh)
        signal_all(fresh, signal.SIGTERM)
        signal_all(fresh, signal.SIGCONT)

    def kill(self) -> None:
        """Kill the children; what is below them is given to us and is next. No look further down, which takes time in
        which processes that keep forking get away; repeated while new ones show up, at each death, and by the clock.
        """
        now = time.monotonic()
        self.killed_at = self.killed_at or now
        self.kill_at = now + min(1.0, 0.01 + (now - self.killed_at) / 4)
        killed: set[int] = set()
        while time.monotonic() - now < SPIN:
            fresh = [pid for pid in children(self.pid) if pid not in killed]
            if not fresh:
                return
            signal_all(fresh, signal.SIGKILL)
            killed.update(fresh)

    def timeout(self) -> float | None:
        """Milliseconds until something is due; None when only events matter."""
        due = [self.kill_at if self.kill_at is not None else self.drain_until]
        if self.telling.start is not None:
            due.append(self.telling.due)
        if self.limit is not None and self.limited():
            due.append(self.limit.due)
        first = min((at for at in due if at is not None), default=None)
        return None if first is None else max(0.0, first - time.monotonic()) * 1000 + 1

    def hide_secrets(self) -> None:
        """In the outputs, before the exit is recorded: from then on anybody may read them."""
        mask = self.log.mask
        if mask is None:
            return
        from windlass.executors.local.masked import mask_outputs

        try:
            mask_outputs(f"{self.folder}/output", mask, self.launch["output_limit"])
        except OSError as error:
            self.message = f"its outputs could not be read: {error.strerror}"

    def finish(self) -> None:
        self.log.close()
        if self.in_part:
            self.end_part()
        self.hide_secrets()
        code, cause, text = self.parts.failure or (0, None, None)
        message = self.message or self.log.complaint or text
        self.hang_up()
        os.close(self.output)
        if code is None:
            self.fail(message or "")
        else:
            self.tell_end(code, cause, message)
        self.clean = self.drain_until is None and not self.stopping and message is None
        os.close(self.journal)

    def tell_end(self, code: int, cause: str | None, message: str | None) -> None:
        at = now_millis()
        self.record(journal.exit_line(code, at))
        found = read_outputs(self.folder, self.launch["output_limit"])
        outputs = found if len(found) <= channel.LIMIT // 2 else None
        self.telling.ended(at, code, outputs, cause, message)


def read_outputs(folder: str, limit: int) -> bytes:
    """At most `limit` + 1 bytes of $WINDLASS_OUTPUT: one too many shows that it is too large."""
    try:
        fd = os.open(f"{folder}/output", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # removed, or replaced by something else: as good as empty, a missing output is found by the engine
        return b""
    try:
        data = b""
        while len(data) <= limit and (part := os.read(fd, limit + 1 - len(data))):
            data += part
        return data
    except OSError:  # a directory
        return b""
    finally:
        os.close(fd)


def _signal_text(number: int) -> str:
    try:
        return f"ended by {signal.Signals(number).name}"
    except ValueError:
        return f"ended by signal {number}"
