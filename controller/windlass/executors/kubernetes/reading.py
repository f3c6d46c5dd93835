"""An attempt's log: from the kubelet to the disk, while it runs and to its last line.

In: a Pod whose container runs or has run. Out: the log file, and what the driver of parts says in it. While the
container runs its log is followed, as many at once as `Slots` has; after its end what is missing is read at once. What
cannot be had any more shows as a line in its place (promise R22).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.log_file import LogFile, open_log
from windlass.executors.containers.log_copy import Copy
from windlass.executors.containers.marks import Marks, PartsSaid
from windlass.executors.kubernetes.lines import Lines, Position
from windlass.executors.kubernetes.pods import CONTAINER
from windlass.kube.errors import BadRequest, KubeError, NotFound
from windlass.kube.logs import pod_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from windlass.executors.kubernetes.attempt import Attempt, Told
    from windlass.kube.client import Client

SAVED = "log.json"
TAIL = "log.tail"  # how long it was before others' words
OFTEN = 0.25  # seconds between two notes of the position
AT_ONCE = 0.5  # seconds: the log of a program that ends within them is read once, at its end
LASTED = 10.0  # seconds after which an answer that brought nothing was none the less worth it
REFUSED = 300.0  # seconds for which a log that its kubelet could not follow is read now and then, as files are polled
LAST_WORDS = 2.0  # seconds for them
GAP = b"\nwindlass: lines may be missing here: the kubelet has rotated the log meanwhile\n"
_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class Reader:
    """`masks`: what must not show; `mark`: of the driver of parts, None: there are no parts."""

    def __init__(
        self,
        attempt: Attempt,
        told: Told,
        client: Client,
        namespace: str,
        masks: Sequence[str],
        mark: str | None,
        hand_on: Callable[[str], Awaitable[None]],
    ) -> None:
        self._attempt = attempt
        self._told = told
        self._client = client
        self._namespace = namespace
        self._hand_on = hand_on
        self._plain = not masks and mark is None
        self._marks = Marks(mark) if mark is not None else None
        self.said = PartsSaid()
        self._noted: dict[str, int] | None = None
        self._noted_at = 0.0
        self._finishing = False
        self._resting = asyncio.Event()  # nothing is being followed
        self._resting.set()
        self._read_to_its_end = False  # the kubelet said that there is no more
        position, head = _restored(attempt.folder, attempt.log_path) if self._plain else (None, _head(attempt.folder))
        self._lines = Lines(position)
        self._log = LogFile(open_log(str(attempt.log_path)))
        self._copy = Copy(self._log, masks, self._log.size if position is not None else head)

    def close(self) -> None:
        self._log.close()

    @property
    def in_parts(self) -> bool:
        return self._marks is not None

    @property
    def complaint(self) -> str | None:
        return self._log.complaint

    async def follow(self, pod: str, slots: asyncio.Semaphore) -> None:
        """Until it is cancelled."""
        if self._marks is None:
            await asyncio.sleep(AT_ONCE)
        async with slots:
            tried, refused_at = 0, -REFUSED
            while True:
                before, begun, answered = self._attempt.written_at, time.monotonic(), False
                follows = begun - refused_at >= REFUSED
                with contextlib.suppress(KubeError):
                    self._resting.clear()
                    self._read_to_its_end = False
                    try:
                        await self._read(pod, follow=follows)
                        answered = True
                        if follows and self._lines.complaint is not None:
                            refused_at = begun
                        # The program has probably ended, and that is about to be told.
                        self._read_to_its_end = follows and self._lines.complaint is None
                    finally:
                        self._resting.set()
                useful = self._attempt.written_at > before or time.monotonic() - begun > LASTED
                tried = 0 if useful else tried + 1
                await asyncio.sleep(_PAUSES[min(tried + 2 * answered, len(_PAUSES) - 1)])

    async def last_words(self) -> None:
        """Of a Pod that goes away: what is on its way here cannot be asked for again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._resting.wait()

    async def finish(self, pod: str, patience: float) -> None:
        """What is there after the container's end; a line in the place of what cannot be had."""
        deadline = time.monotonic() + patience
        self._finishing = True
        while (missing := await self._rest(pod)) is not None:
            if missing[1] or time.monotonic() >= deadline:
                self.lost(missing[0])
                break
            await asyncio.sleep(0.5)
        self._let_out()

    async def add(self, words: AsyncIterator[bytes]) -> None:
        """Words of others at its end, whole lines; said again, they take the place of what was said before."""
        self._flush()
        tail = self._attempt.folder / TAIL
        if tail.exists():
            os.truncate(self._log.fd, int(tail.read_text()))
        else:
            tail.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            tail.write_text(str(self._log.size))
        async for line in words:
            self._log.write(self._copy.mask.whole(line))

    def lost(self, reason: str) -> None:
        """A gap, never silence."""
        self._flush()
        if self._read_to_its_end:
            return
        self._log.write(_lost(reason))

    async def _rest(self, pod: str) -> tuple[str, bool] | None:
        """None: it is complete. Else why not, and whether that is for good."""
        try:
            await self._read(pod, follow=False)
        except NotFound:
            return "its Pod is gone", True
        except BadRequest as error:  # its container was never started, or is not known any more
            return str(error), True
        except KubeError as error:
            return str(error), False
        return (self._lines.complaint, True) if self._lines.complaint is not None else None

    async def _read(self, pod: str, *, follow: bool) -> None:
        self._lines.begin(follows=follow)
        since = self._lines.since
        async for chunk in pod_log(
            self._client, self._namespace, pod, CONTAINER, follow=follow, since=since, timestamps=True
        ):
            for at, data in self._lines.feed(chunk):
                self._attempt.written_at = time.monotonic()
                if self._lines.gap:
                    self._lines.gap = False
                    self._copy.flush()
                    self._log.write(GAP)
                if self._marks is None:
                    self._copy.feed(data)
                else:
                    await self._split(self._marks, at, data)
            if self._lines.complaint is not None:
                break
            self._note()

    async def _split(self, marks: Marks, at: int, data: bytes) -> None:
        for found in marks.split(data):
            if isinstance(found, bytes):
                self._copy.feed(found)
                continue
            self._copy.flush()
            self.said.take(found, at, self._copy.size)
            if found[0] == "env":
                await self._hand_on(found[1])
            elif found[0] == "begin" and self._copy.caught_up:
                self._told.parts(self._attempt, self.said.records)

    def _flush(self) -> None:
        self._let_out()
        self._note(now=True)

    def _let_out(self) -> None:
        """What was held back, for more might have followed."""
        if self._marks is not None:
            self._copy.feed(self._marks.rest())
        self._copy.flush()

    def _note(self, *, now: bool = False) -> None:
        """Where the log stands; what is on disk beyond it is read again by whoever adopts it. Not twice the same,
        and not of what comes after the end, which is recorded in a moment itself."""
        soon = self._finishing or time.monotonic() - self._noted_at < OFTEN
        if not self._plain or (soon and not now):
            return
        found = {**self._lines.position.to_json(), "size": self._log.size}
        if found != self._noted:
            note(self._attempt.folder, found)
        self._noted, self._noted_at = found, time.monotonic()


def mark_lost(attempt: Attempt) -> None:
    """Of one that had begun, and whose Pod went before anybody could read the rest. Raises OSError."""
    if attempt.told_started:
        log = LogFile(open_log(str(attempt.log_path)))
        log.write(_lost("its Pod is gone"))
        log.close()


def _lost(reason: str) -> bytes:
    return f"\nwindlass: what it wrote after this is lost: {reason}\n".encode()


def note(folder: Path, found: dict[str, int]) -> None:
    """Whole or not at all. Raises OSError."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    half = folder / f"{SAVED}.half"
    half.write_text(json.dumps(found))
    half.replace(folder / SAVED)


def _noted(folder: Path) -> dict[str, int] | None:
    try:
        found: dict[str, int] = json.loads((folder / SAVED).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def _head(folder: Path) -> int:
    """Bytes of our own at the beginning of the log."""
    found = _noted(folder)
    return found.get("head", 0) if found is not None else 0


def _restored(folder: Path, log: Path) -> tuple[Position | None, int]:
    """Where it was left; what was written after the note is cut off, to be read again."""
    found = _noted(folder)
    if found is None or "nanos" not in found:
        return None, (found or {}).get("head", 0)
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > found["size"]:
            os.truncate(log, found["size"])
    return Position.read(found), found["size"]
