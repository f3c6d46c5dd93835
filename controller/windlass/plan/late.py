"""Values that are known only when a step begins, as in `continueOnError: ${{ matrix.experimental }}`.

In: a written value. Out: whether it has to wait, and a planned step with the values put in. What they came to is frozen
in `Step.detail` when the step or item begins, so that the same holds after a restart.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from windlass.expressions import references
from windlass_schemas.duration import parse_duration
from windlass_schemas.expression import read_flag, read_number, read_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.model import PlannedStep

KNOWN_AT_START = frozenset({"inputs", "event"})
OF_THE_LOOP = "loop."  # these are about all items: they are settled when the loop begins
PARSERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "timeout": parse_duration,
        "quiet_timeout": parse_duration,
        "kill_after": parse_duration,
        "continue_on_error": read_flag,
        "idempotent": read_flag,
        "checkout": read_flag,
        "checkout_git": read_flag,
        "loop.max_parallel": read_whole,
        "loop.fail_fast": read_flag,
        "retry.attempts": read_whole,
        "retry.delay": parse_duration,
        "retry.factor": read_number,
        "retry.max_delay": parse_duration,
    }
)


def is_late(written: Any) -> bool:
    """It reads more than inputs and event."""
    if not isinstance(written, str) or "${{" not in written:
        return False
    return not all(reference.partition(".")[0] in KNOWN_AT_START for reference in references(written))


def settled(planned: PlannedStep, values: Mapping[str, Any] | None) -> PlannedStep:
    """With what its late values came to, by the names of PARSERS."""
    if not values:
        return planned
    whole = {name: value for name, value in values.items() if "." not in name}
    for part in ("loop", "retry"):
        inner = {name.partition(".")[2]: v for name, v in values.items() if name.startswith(f"{part}.")}
        if inner:
            whole[part] = replace(getattr(planned, part), **inner)
    return replace(planned, **whole)
