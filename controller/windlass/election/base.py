"""What the election needs of a place where a lease is written, and what is written there.

In: the lease as it was seen last. Out: the lease as it is, or was written. A place compares and swaps: what somebody
else has written since then is never overwritten. Which of two processes leads is decided here; that the other one
writes nothing any more is decided by the ledger's epoch (`store/fence.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Lease:
    """`holder`: "" when nobody has it. `duration`: seconds that it is respected after each renewal. `terms`: how often
    it passed to somebody else. `version` changes with every write to it, `renewed` with every renewal; neither says
    more than that."""

    holder: str
    duration: float
    terms: int
    version: str = ""
    renewed: str = ""


class Leases(Protocol):
    """One lease in one place. Used by one thread at a time. Both raise LeaseError when the place cannot be asked."""

    def read(self) -> Lease | None:
        """The lease as it is; None when there is none yet."""

    def write(self, lease: Lease, seen: Lease | None) -> Lease | None:
        """Write it where `seen` is what is there (None: nothing); as written, None when it was not there any more."""

    def close(self) -> None: ...
