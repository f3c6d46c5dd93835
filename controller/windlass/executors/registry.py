"""Executors by kind: one line each. A kind is what `runners:` of the server file and `runner:` of a step name.

In: a kind and Options. Out: an Executor. Modules are imported when their kind is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from windlass.executors.base import Executor, Sink
    from windlass.executors.local.spawn import SupervisorProcess


@dataclass(frozen=True, slots=True)
class Options:
    """What an executor is made from; each takes what it needs.

    `data`: a folder of the controller's own. `parallel`: how many at once. `supervisor`: of local attempts.
    """

    data: Path
    sink: Sink
    parallel: int = 64
    supervisor: SupervisorProcess | None = None


def _held(options: Options) -> Executor:
    from windlass.executors.held import HeldExecutor

    return HeldExecutor(options.sink, logs=options.data / "held-logs")


def _local(options: Options) -> Executor:
    from windlass.executors.local.executor import LocalExecutor

    return LocalExecutor(
        options.data,
        options.sink,
        options.supervisor,
        parallel=options.parallel,
    )


EXECUTORS: dict[str, Callable[[Options], Executor]] = {
    "held": _held,
    "local": _local,
}


def make_executor(kind: str, options: Options) -> Executor:
    """Raises UsageError when there is no such kind."""
    if kind not in EXECUTORS:
        raise UsageError(f"there is no runner {kind!r}", hint=f"one of: {', '.join(sorted(EXECUTORS))}")
    return EXECUTORS[kind](options)
