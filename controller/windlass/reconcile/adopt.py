"""After a restart: which attempts the ledger holds open, by the executor that has to answer for them, and which of them
were told to end: the controller before may have died between the record and the telling (promise R6)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from windlass.runs import cancel
from windlass.runs.model import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from windlass.runs.model import AttemptKey
    from windlass.runs.state import RunState


def open_attempts(
    states: Iterable[RunState], place: Callable[[str, str], str]
) -> dict[str, dict[AttemptKey, Mapping[str, Any] | None]]:
    """By executor: each open attempt and its recorded handle, None when no start was seen."""
    result: dict[str, dict[AttemptKey, Mapping[str, Any] | None]] = defaultdict(dict)
    for state in states:
        for key, attempt, planned, _ in state.open_attempts():
            result[place(state.head.repository, planned.runner)][key] = attempt.handle
    return result


def owed_stops(states: Iterable[RunState], place: Callable[[str, str], str]) -> Iterator[tuple[str, Stop]]:
    """(executor, Stop) for each open attempt that is recorded as told to end; telling it again does no harm."""
    for state in states:
        for key, attempt, planned, head in state.open_attempts():
            if attempt.stop_reason is not None:
                yield place(state.head.repository, planned.runner), Stop(key, cancel.grace(head, planned))
