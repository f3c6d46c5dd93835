"""R21: polling is polite."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from windlass.sources.polling import LONGEST_BACKOFF, next_poll

JITTER = st.floats(0, 1, exclude_max=True)
MINUTE = 60_000


def test_without_failures_the_interval_holds_and_repositories_drift_apart():
    assert next_poll(1000, MINUTE, 0, None, 0) == 61_000
    assert next_poll(1000, MINUTE, 0, None, 0.5) == 1000 + 57_000


def test_failures_double_the_delay_up_to_fifteen_minutes():
    assert [next_poll(0, MINUTE, failures, None, 0) for failures in (1, 2, 3, 4, 50)] == [
        *(2 * MINUTE, 4 * MINUTE, 8 * MINUTE, LONGEST_BACKOFF, LONGEST_BACKOFF)
    ]


def test_retry_after_is_obeyed_even_beyond_the_longest_back_off():
    assert next_poll(0, MINUTE, 1, 3600, 0) == 3_600_000
    assert next_poll(0, MINUTE, 1, 0, 0) == 2 * MINUTE


@given(st.integers(1, 10**8), st.integers(0, 1000), st.none() | st.floats(0, 10**9), JITTER)
def test_the_next_poll_is_later_and_never_undercuts_what_was_asked(interval, failures, retry_after, jitter):
    delay = next_poll(5, interval, failures, retry_after, jitter) - 5
    assert delay >= 1
    assert delay <= max(interval, LONGEST_BACKOFF, 24 * 3_600_000 * 1.1) + 1
    if retry_after is not None:
        assert delay >= min(retry_after * 1000, 24 * 3_600_000) - 1
