"""After a restart: which attempts the ledger holds open, by the executor that has to answer for them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from windlass.runs.model import AttemptKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.runs.state import RunState


def open_attempts(states: Iterable[RunState]) -> dict[str, dict[AttemptKey, Mapping[str, Any] | None]]:
    """By runner: each open attempt and its recorded handle, None when no start was seen."""
    result: dict[str, dict[AttemptKey, Mapping[str, Any] | None]] = defaultdict(dict)
    for state in states:
        for name in state.active:
            step = state.steps[name]
            attempt = step.attempt
            if attempt is None or attempt.ended_at is not None:
                continue
            key = AttemptKey(state.head.id, step.key.path, step.key.item, attempt.number)
            result[state.plan.step(name).runner][key] = attempt.handle
    return result
