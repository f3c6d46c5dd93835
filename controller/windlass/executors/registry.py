"""Executors by kind: one line each.

In: a kind and Options. Out: an executor (`named.py` has them by the names of runners). Modules are imported when their
kind is first asked for, so a server or a run without steps on a runner neither loads nor starts anything for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.errors import UsageError
from windlass.policies.policy import OWN, Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from windlass.executors.base import Grounded, Sink
    from windlass.executors.local.spawn import SupervisorProcess
    from windlass.settings import RunnerSettings


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Options:
    """What an executor is made from; each takes what it needs.

    `data`: a folder of the controller's own. `parallel`: how many at once. `supervisor`: of local attempts.
    `may_start`: asked again by those that put starts off themselves, right before each (see `gate.py`).
    `runner`: what the server file says of it; None: nothing. `policy`: the tenant's. `round_`: within it the sink is
    told what is told together (the run loop's `Engine.round`).
    """

    data: Path
    sink: Sink
    parallel: int = 64
    supervisor: SupervisorProcess | None = None
    may_start: Callable[[], bool] = always
    runner: RunnerSettings | None = None
    policy: Policy = OWN
    round_: AbstractContextManager[None] | None = None


def _local(options: Options) -> Grounded:
    from windlass.executors.local.executor import LocalExecutor

    return LocalExecutor(
        options.data,
        options.sink,
        options.supervisor,
        parallel=options.parallel,
        round_=options.round_,
    )


def _docker(options: Options) -> Grounded:
    from windlass.executors.docker.address import environment_of
    from windlass.executors.docker.executor import DockerExecutor
    from windlass.settings import RunnerSettings

    runner = options.runner or RunnerSettings("docker", "docker")
    return DockerExecutor(
        options.data,
        options.sink,
        parallel=options.parallel,
        environment=environment_of(runner),
        image=runner.image,
        lasting=options.supervisor is None or not options.supervisor.foreground,
    )


def _kubernetes(options: Options) -> Grounded:
    from windlass.kube.extra import require_extra

    require_extra()
    from windlass.executors.kubernetes.executor import KubernetesExecutor
    from windlass.executors.kubernetes.terms import terms_of
    from windlass.settings import RunnerSettings

    runner = options.runner or RunnerSettings("kubernetes", "kubernetes")
    return KubernetesExecutor(options.data, options.sink, terms_of(runner, options.policy), may_start=options.may_start)


EXECUTORS: dict[str, Callable[[Options], Grounded]] = {
    "docker": _docker,
    "kubernetes": _kubernetes,
    "local": _local,
}


def make_executor(kind: str, options: Options) -> Grounded:
    """Raises UsageError when there is no such kind."""
    if kind not in EXECUTORS:
        raise UsageError(f"there is no runner {kind!r}", hint=f"one of: {', '.join(sorted(EXECUTORS))}")
    return EXECUTORS[kind](options)
