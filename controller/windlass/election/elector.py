"""The loop that gets a lease and keeps it, after client-go's leaderelection (client-go, tools/leaderelection).

In: a place for the lease, who we are, the spans. Out: whether we lead, at any moment. What others wrote is judged by
our own monotonic clock from when we first saw it, never by a time that they wrote: clocks may differ and jump. A
renewal counts from before it was sent. We stop leading by ourselves before anybody may take the lease from us: `leads`
is false once the last renewal is older than `renew_deadline`, though this process stood still or nobody answers it.

Who restarts under the name that the lease names goes on at once: the name is one of a data folder, which only one
process has at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from windlass import log
from windlass.election.base import Lease
from windlass.errors import LeaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Clock
    from windlass.election.base import Leases

JITTER = 0.2  # of a pause, so that standbys do not ask in step


@dataclass(frozen=True, slots=True)
class Spans:
    """Seconds: how long a lease is respected, how long its holder tries to renew it, the pause between two attempts."""

    lease: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0


class Elector:
    """`acquire` waits in the caller's thread; a thread of its own renews from then on."""

    def __init__(self, leases: Leases, name: str, spans: Spans, clock: Clock, jitter: Callable[[], float]) -> None:
        self._leases = leases
        self._name = name
        self._spans = spans
        self._clock = clock
        self._jitter = jitter
        self._seen: Lease | None = None
        self._seen_at = 0.0
        self._until: float | None = None  # we lead until then; None: not yet
        self._taken = False  # somebody else has it now
        self._halted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> bool:
        """Wait until the lease is ours. False when stopped."""
        while not self._halted.is_set():
            if self._try():
                self._thread = threading.Thread(target=self._keep, name="windlass-election", daemon=True)
                self._thread.start()
                return True
            self._halted.wait(self._spans.retry * (1 + JITTER * self._jitter()))
        return False

    def leads(self) -> bool:
        """Whether we may act. Asked before every act; once false it stays so."""
        return self._until is not None and not self._taken and self._clock.monotonic() < self._until

    @property
    def lost(self) -> bool:
        """We have led, and do not any more."""
        return self._until is not None and not self.leads()

    @property
    def leader(self) -> str | None:
        """Whose the lease is, as far as we know; None when nobody renews it."""
        if self._seen is None or not self._seen.holder or self._is_over(self._seen):
            return None
        return self._seen.holder

    def halt(self) -> None:
        """Wait for the lease no longer; one that is ours is kept until `stop`."""
        self._halted.set()

    def stop(self) -> None:
        """Stop renewing; a lease that is ours is given back, so that the next one need not wait."""
        self._halted.set()
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self._spans.renew_deadline)
            if not self._thread.is_alive() and self.leads():
                self._release()
        if self._thread is None or not self._thread.is_alive():
            self._leases.close()

    def _keep(self) -> None:
        while not self._stopping.wait(self._spans.retry):
            if self.lost:
                log.event("election.lost", level="error", to=self._seen.holder if self._taken and self._seen else None)
                return
            self._try()

    def _try(self) -> bool:
        try:
            return self._take_or_renew()
        except LeaseError as error:
            log.event("election.unreachable", level="warning", error=str(error))
            return False

    def _take_or_renew(self) -> bool:
        sent = self._clock.monotonic()
        mine = self._until is not None
        if mine and self._seen is not None and self._write(self._seen, sent):  # nothing has changed: one request
            return True
        found = self._leases.read()
        self._note(found)
        if found is not None and found.holder not in ("", self._name):
            self._taken = mine
            if mine or not self._is_over(found):
                return False
        return self._write(found, sent)

    def _write(self, seen: Lease | None, sent: float) -> bool:
        passes = seen is not None and seen.holder != self._name
        terms = 0 if seen is None else seen.terms + passes
        if self.lost:
            return False  # a renewal that comes too late gives nothing back: somebody may have acted in between
        written = self._leases.write(Lease(self._name, self._spans.lease, terms), seen)
        if written is None:
            return False
        self._note(written)
        until = sent + self._spans.renew_deadline
        if self.lost or self._clock.monotonic() >= until:
            return False
        self._until = until
        return True

    def _note(self, found: Lease | None) -> None:
        """Only a renewal counts: that somebody puts a label on it keeps nobody from leading."""
        before, self._seen = self._seen, found
        if before is None or found is None or (before.holder, before.renewed) != (found.holder, found.renewed):
            self._seen_at = self._clock.monotonic()

    def _is_over(self, lease: Lease) -> bool:
        """By when we saw its last change."""
        return self._clock.monotonic() >= self._seen_at + lease.duration

    def _release(self) -> None:
        """Nobody has it: a holder of no name, and a span that is over soon for those who do not look at names."""
        try:
            if self._seen is not None and self._leases.write(replace(self._seen, holder="", duration=1.0), self._seen):
                self._until = float("-inf")
                log.event("election.released")
        except LeaseError as error:
            log.event("election.unreachable", level="warning", error=str(error))
