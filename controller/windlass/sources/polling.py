"""When to ask a repository's server again. Pure.

In: the interval, how often it failed in a row, what the server asked for, and a random number from the caller.
Out: a time. One question per repository and interval, whatever the number of workflows; errors back off
exponentially with jitter to 15 minutes; `Retry-After` is obeyed (R21). A webhook only hastens a poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.clock import Millis

LONGEST_BACKOFF: Millis = 15 * 60 * 1000
LONGEST_OBEDIENCE: Millis = 24 * 60 * 60 * 1000


def next_poll(now: Millis, interval: Millis, failures: int, retry_after: float | None, jitter: float) -> Millis:
    """The next time to poll, strictly later than `now`.

    `failures` counts the failures in a row, `retry_after` is in seconds (SourceError.retry_after), `jitter` is in
    [0, 1). Without failures the jitter takes up to a tenth off the interval, so that repositories drift apart; with
    failures the delay doubles each time and the jitter takes up to a half off. `Retry-After` is never undercut.
    """
    if failures <= 0:
        delay = interval * (1 - jitter / 10)
    else:
        longest = max(LONGEST_BACKOFF, interval)
        delay = min(longest, max(interval, 1000) * 2 ** min(failures, 30)) * (1 - jitter / 2)
    if retry_after is not None:
        asked = min(retry_after * 1000, LONGEST_OBEDIENCE)
        delay = max(delay, asked * (1 + jitter / 10))
    return now + max(1, round(delay))
