"""Runners by name: what a step's `runner` names → an executor with the pieces around it.

In: the runners of the server file, and what every runner is given. Out: `Runners`, which makes each when it is first
asked for, and `all_runners`, which adds those that need no mention: one of each kind, under the kind's own name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.errors import UsageError, WindlassError
from windlass.executors.gate import Gate
from windlass.executors.nowhere import Nowhere
from windlass.executors.placing import NOBODY, placed, refusal, taken_apart
from windlass.executors.registry import EXECUTORS, Options, always, make_executor
from windlass.executors.workspace.executor import WorkspaceExecutor
from windlass.executors.workspace.runner_terms import Terms
from windlass.plan.fitting import no_runner
from windlass.policies.policy import OWN, policy_of
from windlass.settings import RunnerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from windlass.clock import Clock
    from windlass.executors.base import Executor, Sink
    from windlass.executors.local.spawn import SupervisorProcess
    from windlass.executors.workspace.pieces import Collection, Preparation
    from windlass.policies.policy import Policy
    from windlass.settings import KubernetesSettings

PARALLEL = 64


def all_runners(
    written: Mapping[str, RunnerSettings], *, own_engine: bool = False, cluster: KubernetesSettings | None = None
) -> dict[str, RunnerSettings]:
    """`own_engine`: those without mention let steps use the engine, as on the machine of whoever wrote the steps.
    `cluster`: whose custom resources are served; without mention, `kubernetes` is that one.

    Raises UsageError for a kind that is not there.
    """
    for name, runner in written.items():
        if runner.kind not in EXECUTORS:
            kinds = ", ".join(sorted(EXECUTORS))
            raise UsageError(f"runners.{name}: there is no runner of kind {runner.kind}", f"one of: {kinds}")
    unmentioned = {kind: RunnerSettings(kind, kind, allow_docker=own_engine) for kind in EXECUTORS}
    if cluster is not None:
        kubeconfig = Path(cluster.kubeconfig) if cluster.kubeconfig else None
        same = replace(unmentioned["kubernetes"], kubeconfig=kubeconfig, context=cluster.context)
        unmentioned["kubernetes"] = same
    return unmentioned | dict(written)


def kinds_of(runners: Mapping[str, RunnerSettings]) -> dict[str, str]:
    return {name: runner.kind for name, runner in runners.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """What every runner gets. `data`: a folder of the controller's own; `parallel`: of runners that do not say."""

    data: Path
    sink: Sink
    clock: Clock
    preparations: Sequence[Preparation] = ()
    collections: Sequence[Collection] = ()
    supervisor: SupervisorProcess | None = None
    parallel: int = PARALLEL
    may_start: Callable[[], bool] = always
    policies: Sequence[Policy] | None = None  # of tenants; None: somebody's own runs, which have none
    round_: AbstractContextManager[None] | None = None  # see `registry.Options`


class Runners(dict[str, "Executor"]):
    """Executors by the name of their runner, or as `placing.py` calls those of tenants. A name that is not known has
    one, too: it refuses everything."""

    def __init__(self, known: Mapping[str, RunnerSettings], given: Callable[[], Given]) -> None:
        """`given` is asked when a runner is made."""
        super().__init__()
        self._known = known
        self._given = given

    def __missing__(self, name: str) -> Executor:
        self[name] = made = self._made(name)
        return made

    def _made(self, name: str) -> Executor:
        (wanted, tenant), given = taken_apart(name), self._given()
        runner = self._known.get(wanted)
        if runner is None:
            return Nowhere(no_runner(name, kinds_of(self._known)), given.sink, given.clock)
        if (why := refusal(runner, tenant, given.policies or ())) is not None:
            return Nowhere(why, given.sink, given.clock, "policy")
        runner = placed(runner, tenant)
        policy = OWN if given.policies is None else policy_of(tenant or NOBODY, given.policies)
        try:
            return WorkspaceExecutor(
                lambda sink: self._executor(runner, policy, sink),
                given.sink,
                given.clock,
                preparations=(Terms(runner), *given.preparations),
                collections=given.collections,
            )
        except (WindlassError, OSError) as error:
            why = f"the runner {name} cannot be used: {error}"
            return Nowhere(why, given.sink, given.clock, "runner-unavailable")

    def _executor(self, runner: RunnerSettings, policy: Policy, sink: Sink) -> Gate:
        given = self._given()
        parallel, supervisor = runner.parallel or given.parallel, _supervisor(runner, given)
        options = Options(given.data, sink, parallel, supervisor, given.may_start, runner, policy, given.round_)
        return Gate(make_executor(runner.kind, options), given.may_start)

    def close(self, *, kill: bool) -> None:
        for executor in list(self.values()):
            executor.close(kill=kill)


def _supervisor(runner: RunnerSettings, given: Given) -> SupervisorProcess | None:
    """The one that was started early belongs to `local`; another runner of that kind has its own. Raises OSError."""
    if runner.kind != "local" or runner.name == "local" or given.supervisor is None:
        return given.supervisor
    from windlass.executors.local.spawn import spawn_supervisor

    return spawn_supervisor(foreground=given.supervisor.foreground)
