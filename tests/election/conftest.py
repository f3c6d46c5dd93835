"""Electors by hand: one clock for each, and a place for the lease that can be away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from windlass.clock import SystemClock, VirtualClock
from windlass.election.base import Lease
from windlass.election.ledger import LedgerLeases
from windlass.errors import LeaseError
from windlass.store.ledger import Ledger
from windlass.store.opening import database


class Memory:
    """`away`: nobody answers. `slow`: seconds that each answer takes, by the clock that is given."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.writes = 0
        self.away = False
        self.slow: tuple[VirtualClock, float] | None = None

    def read(self) -> Lease | None:
        self._answer()
        return self.lease

    def write(self, lease: Lease, seen: Lease | None) -> Lease | None:
        self._answer()
        if seen != self.lease:
            return None
        self.writes += 1
        self.lease = replace(lease, version=str(self.writes), renewed=str(self.writes))
        return self.lease

    def _answer(self) -> None:
        if self.slow is not None:
            self.slow[0].advance(round(self.slow[1] * 1000))
        if self.away:
            raise LeaseError("away")

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture(params=["memory", "ledger"])
def place(request, tmp_path) -> Iterator[object]:
    """Every kind of place that needs no server; the contract of `Leases`."""
    if request.param == "memory":
        yield Memory()
        return
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    leases = LedgerLeases(database(url), SystemClock())
    yield leases
    leases.close()
