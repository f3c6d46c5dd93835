"""Whether a runner can be used: what `windlass doctor` asks of each that the server file names.

In: a runner's settings. Out: one line for people, or an error. Nothing is started there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.settings import RunnerSettings


def _docker(runner: RunnerSettings) -> str:
    from windlass.executors.docker.address import environment_of
    from windlass.executors.docker.api import Engine

    return Engine(environment_of(runner)).version()


def _local(_runner: RunnerSettings) -> str:
    return "processes of this machine"


def _kubernetes(runner: RunnerSettings) -> str:
    from windlass.kube.extra import require_extra

    require_extra()
    from windlass.executors.kubernetes.looking import look

    return look(runner)


def require_runner(runner: RunnerSettings) -> None:
    """Before a run of a person who waits for it: what would keep every step from starting is said at once. Other kinds
    say it themselves. Raises WindlassError."""
    if runner.kind == "kubernetes":
        from windlass.kube.extra import require_extra

        require_extra()
        from windlass.executors.kubernetes.looking import require

        require(runner)


LOOKS: dict[str, Callable[[RunnerSettings], str]] = {
    "docker": _docker,
    "kubernetes": _kubernetes,
    "local": _local,
}


def look_at_runner(runner: RunnerSettings) -> str:
    """Raises WindlassError."""
    if runner.kind not in LOOKS:
        raise UsageError(f"there is no runner of kind {runner.kind}", f"one of: {', '.join(sorted(LOOKS))}")
    return LOOKS[runner.kind](runner)
