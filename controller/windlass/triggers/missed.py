"""What a schedule owes since it was last looked at: the ticks that fire now, and why the others do not (R11, R14).

In: a schedule, the last tick that was settled, now. Out: firings, oldest first. The work is bounded: after a year
down a schedule of every second costs some thousand steps, because old ticks are searched from the newest and never
walked.

On time or missed: a tick is on time when it should have started while somebody was watching. On-time ticks always fire;
missed ones are settled by the policy. Only the newest counts as on time when the caller does not say since when it
watches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.clock import to_rfc3339
from windlass.triggers.base import Firing
from windlass.triggers.ticks import Schedule, key_of, next_tick, previous_tick

if TYPE_CHECKING:
    from windlass.clock import Millis

GRACE = 10_000  # ms: how late the newest tick may start and still count as on time, when nothing else is known
STALL = 60_000  # ms: a watcher that is later than this was asleep
LISTED = 20  # skipped ticks that are reported one by one; older ones share one firing
WATCHED_MOST = STALL // 1000


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the clock: from when on somebody watched, if known."""

    now: Millis
    watching_since: Millis | None

    def on_time(self, start_at: Millis, newest: bool) -> bool:
        if self.watching_since is None:
            return newest and start_at >= self.now - GRACE
        return start_at >= max(self.watching_since, self.now - STALL)


def due(schedule: Schedule, since: Millis, now: Millis, *, watching_since: Millis | None = None) -> list[Firing]:
    """Every tick in (since, now] whose start has come, settled: to run, or with the reason why it is skipped.

    `since` is the newest tick that was settled before; a clock that went back gives nothing. A tick whose jitter is
    still running is not in the answer, nor is any after it, so that the newest answered tick can be the next `since`.
    Skipped ticks beyond the newest 20 come as one firing, keyed by the first of them. `watching_since`: when the
    caller began to call this without a break, for example the start of the process.
    """
    horizon = _first_pending(schedule, since, now)
    ticks, complete = _newest(schedule, since, horizon, schedule.missed.limit + WATCHED_MOST + LISTED)
    if not ticks:
        return []
    look = _Look(now, watching_since)
    settled = [
        Firing(schedule.trigger, "schedule", key_of(tick), tick, tick + schedule.jitter_for(tick), reason)
        for tick, reason in zip(ticks, _reasons(schedule, ticks, look), strict=True)
    ]
    first = ticks[0] if complete else next_tick(schedule, since)
    return _shortened(settled, first, complete)


def _first_pending(schedule: Schedule, since: Millis, now: Millis) -> Millis:
    """The first tick up to now that has not begun because of its jitter; the moment after now when there is none."""
    if not schedule.jitter:
        return now + 1
    tick = next_tick(schedule, max(since, now - schedule.jitter))
    while tick is not None and tick <= now:
        if tick + schedule.jitter_for(tick) > now:
            return tick
        tick = next_tick(schedule, tick)
    return now + 1


def _newest(schedule: Schedule, since: Millis, horizon: Millis, most: int) -> tuple[list[Millis], bool]:
    """The newest ticks in (since, horizon), oldest first, and whether these are all."""
    ticks: list[Millis] = []
    tick = next_tick(schedule, since)
    while tick is not None and tick < horizon and len(ticks) <= most:
        ticks.append(tick)
        tick = next_tick(schedule, tick)
    if len(ticks) <= most:
        return ticks, True
    newest: list[Millis] = []
    before: Millis | None = horizon
    while before is not None and len(newest) < most:
        before = previous_tick(schedule, before, since)
        if before is not None:
            newest.append(before)
    return newest[::-1], False


def _reasons(schedule: Schedule, ticks: list[Millis], look: _Look) -> list[str | None]:
    last = len(ticks) - 1
    return [
        None
        if look.on_time(tick + schedule.jitter_for(tick), index == last)
        else _missed(schedule, age=look.now - tick, newer=last - index)
        for index, tick in enumerate(ticks)
    ]


def _missed(schedule: Schedule, *, age: Millis, newer: int) -> str | None:
    """Why a missed tick does not run, None when it does; `newer` counts the ticks after it."""
    missed = schedule.missed
    if missed.policy == "skip":
        return "missed, and the policy is skip"
    if missed.policy == "latest":
        return "missed, and the policy is latest: a newer tick was due" if newer else None
    if missed.within is not None and age > missed.within:
        return "missed, and older than `within` allows"
    return f"missed, and more than the limit of {missed.limit} were due" if newer >= missed.limit else None


def _shortened(settled: list[Firing], first: Millis | None, complete: bool) -> list[Firing]:
    """At most LISTED skipped firings; the oldest stands for all that are left out."""
    skipped = [firing for firing in settled if firing.skipped is not None]
    if complete and len(skipped) <= LISTED:
        return settled
    listed = skipped[-(LISTED - 1) :]
    kept = [firing for firing in settled if firing.skipped is None or firing in listed]
    left_out = [firing for firing in skipped if firing not in listed]
    if first is None or not left_out:
        return kept
    upto = left_out[-1]
    text = f"{upto.skipped} (so were all ticks up to {to_rfc3339(upto.scheduled_at or first)})"
    return [Firing(upto.trigger, upto.kind, key_of(first), first, first, text), *kept]
