"""Who leads, by clocks that are moved by hand: a step of the loop at a time, no thread and no waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.election.conftest import Memory
from tests.election.contract import check_that_it_compares_and_swaps

from windlass.clock import VirtualClock
from windlass.election.base import Lease
from windlass.election.elector import Elector, Spans

SPANS = Spans(15.0, 10.0, 2.0)


class One:
    """An elector with a clock of its own."""

    def __init__(self, memory: Memory, name: str, now: int = 0) -> None:
        self.clock = VirtualClock(now)
        self.elector = Elector(memory, name, SPANS, self.clock, lambda: 0.0)

    def step(self, seconds: float = 0.0) -> bool:
        """That much later it tries once; whether it leads then."""
        self.clock.advance(round(seconds * 1000))
        self.elector._try()
        return self.elector.leads()


@pytest.fixture
def one(memory) -> One:
    return One(memory, "one")


@pytest.fixture
def two(memory) -> One:
    """Its clock is an hour ahead: nothing follows from that."""
    return One(memory, "two", 3_600_000)


def test_every_place_compares_and_swaps(place) -> None:
    check_that_it_compares_and_swaps(place)


def test_one_leads_and_keeps_on_leading(one, two) -> None:
    assert one.step()
    for _ in range(20):
        assert not two.step(2)
        assert one.step(2)
    assert two.elector.leader == "one"
    assert not two.elector.lost


def test_a_standby_takes_over_when_nothing_was_renewed_for_a_whole_lease(one, two) -> None:
    one.step()
    assert not two.step()
    for _ in range(7):
        assert not two.step(2), "fourteen seconds are not fifteen"
    assert two.elector.leader == "one"
    assert two.step(2)


def test_time_counts_from_when_a_renewal_was_seen(one, two) -> None:
    """A standby that comes late, or stood still, waits a whole lease before it judges."""
    one.step()
    one.clock.advance(3_600_000)
    two.clock.advance(3_600_000)
    assert not two.step()
    assert not two.step(14.9)
    assert two.step(0.2)


def test_who_stood_still_leads_no_more_and_takes_nothing_back(memory, one, two) -> None:
    one.step()
    two.step()
    one.clock.advance(60_000)
    assert not one.elector.leads(), "before it has asked anybody"
    assert not one.step()
    assert memory.lease.holder == "one", "it is not renewed, nor given away"
    assert two.step(16)
    assert not one.step()
    assert one.elector.lost
    assert memory.lease.holder == "two"
    assert memory.lease.terms == 1


def test_a_leader_stops_before_anybody_may_take_over(memory, one, two) -> None:
    one.step()
    two.step()
    memory.away = True
    for _ in range(4):
        assert one.step(2), "a renewal may fail for ten seconds"
    assert not one.step(2)
    assert one.elector.lost
    memory.away = False
    assert not two.step(14), "which is not over for four seconds more"
    assert two.step(1)


def test_a_renewal_counts_from_before_it_was_sent(memory, one) -> None:
    one.step()
    memory.slow = (one.clock, 8.0)
    assert one.step(1), "sent at 1, counts until 11"
    assert one.clock.monotonic() == 9.0
    memory.slow = None
    one.clock.advance(1_999)
    assert one.elector.leads()
    one.clock.advance(1)
    assert not one.elector.leads()


def test_an_answer_that_comes_too_late_makes_nobody_a_leader(memory, one) -> None:
    memory.slow = (one.clock, 6.0)  # to read and to write takes twelve
    assert not one.step()
    assert not one.elector.lost
    memory.slow = None
    assert one.step(), "the lease is ours all the same"


def test_a_label_is_no_renewal(memory, one, two) -> None:
    one.step()
    two.step()
    for number in range(7):
        memory.lease = replace(memory.lease, version=f"labelled-{number}")
        assert not two.step(2)
    assert two.step(1)
    assert two.step(2)


def test_who_leads_keeps_leading_when_its_lease_gets_a_label(memory, one) -> None:
    one.step()
    memory.lease = replace(memory.lease, version="labelled")
    assert one.step(2)
    assert memory.lease.version != "labelled"


def test_a_lease_that_somebody_deletes_is_made_again(memory, one, two) -> None:
    one.step()
    two.step()
    memory.lease = None
    assert one.step(2)
    assert memory.lease.holder == "one"
    assert not two.step()


def test_a_lease_that_somebody_gives_to_another_is_theirs(memory, one) -> None:
    one.step()
    memory.write(Lease("two", 15.0, 9), memory.lease)
    assert not one.step(2)
    assert one.elector.lost
    assert not one.step(100), "a process that has lost leads no more, whatever comes"


def test_who_restarts_under_its_name_goes_on_at_once(memory, one) -> None:
    one.step()
    again = One(memory, "one")
    assert again.step()
    assert memory.lease.terms == 0


def test_two_that_try_at_the_same_moment_do_not_both_lead(memory, one, two) -> None:
    """The second writes what it has seen before the first wrote."""
    seen = memory.read()
    assert one.step()
    assert memory.write(Lease("two", 15.0, 0), seen) is None
    assert not two.step()


def test_a_stop_gives_the_lease_back(memory, one, two) -> None:
    assert one.elector.acquire()
    assert not two.step()
    one.elector.stop()
    assert memory.lease.holder == ""
    assert not one.elector.leads()
    assert two.step(0.1)
    assert memory.lease.terms == 1


def test_a_wait_can_be_ended(memory, one, two) -> None:
    one.step()
    two.elector.halt()
    assert not two.elector.acquire()
    two.elector.stop()
    assert memory.lease.holder == "one"
