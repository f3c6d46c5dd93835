"""What every place of a lease does: tests import it with a fixture `place` of their own."""

from __future__ import annotations

from windlass.election.base import Lease, Leases

MINE, THEIRS = Lease("me", 15.0, 0), Lease("them", 3.0, 1)


def check_that_it_compares_and_swaps(place: Leases) -> None:
    assert place.read() is None
    first = place.write(MINE, None)
    assert first is not None
    assert (first.holder, first.duration, first.terms) == ("me", 15.0, 0)
    assert place.read() == first
    assert place.write(THEIRS, None) is None, "there is one already"
    second = place.write(MINE, first)
    assert second is not None
    assert second.version != first.version
    assert place.write(THEIRS, first) is None, "that is what was there before"
    assert place.read() == second
    third = place.write(THEIRS, second)
    assert place.read() == third
    assert third is not None
    assert (third.holder, third.duration, third.terms) == ("them", 3.0, 1)
    freed = place.write(Lease("", 1.0, 1), third)
    assert place.read() == freed
    assert freed is not None
    assert freed.holder == ""
