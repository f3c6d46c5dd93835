"""`every`: multiples of the span since the epoch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.triggers.every import Every


@given(st.integers(1000, 10**12), st.integers(-(10**12), 10**14))
def test_ticks_are_the_multiples_of_the_span(span: int, after: int) -> None:
    tick = Every(span).next_after(after)
    assert tick % span == 0
    assert after < tick <= after + span


@pytest.mark.parametrize("span", [0, -1, 1, 999])
def test_c10_a_span_under_a_second_is_refused(span: int) -> None:
    with pytest.raises(ValueError, match="at least 1s"):
        Every(span)
