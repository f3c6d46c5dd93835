"""Which executor a step of a tenant gets: on a cluster each tenant has its own, in its namespace, under its policy.

In: a repository and the name of a runner. Out: the name of an executor, `RUNNER@TENANT` for a tenant's, and the way
back. Namespace = tenant, so nothing that a step asks for can reach another's. A tenant that is a namespace brings
workflows of people who may have no access to this machine: runners of other kinds are for it only when its policy names
them (promise R35).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.policies.policy import policy_of
from windlass.tenants import namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.policies.policy import Policy
    from windlass.settings import RunnerSettings

AT = "@"
NOBODY = "default"  # what policies call the tenant of a repository that has none


class Placing:
    """`tenant_of`: what the server file says of a repository; objects of a cluster say it by their namespace.

    A runner of this machine is one for everybody who may use it: two executors would not know of each other.
    """

    def __init__(
        self,
        runners: Mapping[str, RunnerSettings],
        tenant_of: Callable[[str], str | None],
        policies: Sequence[Policy] = (),
    ) -> None:
        self._runners = runners
        self._tenant_of = tenant_of
        self._policies = policies

    def __call__(self, repository: str, runner: str) -> str:
        known, namespace = self._runners.get(runner), namespace_of(repository)
        if known is None:
            return runner
        if known.kind == "kubernetes":
            tenant = namespace or self._tenant_of(repository)
        else:
            tenant = namespace if refusal(known, namespace, self._policies) else None
        return f"{runner}{AT}{tenant}" if tenant is not None else runner


def taken_apart(name: str) -> tuple[str, str | None]:
    """(runner, tenant) of an executor's name."""
    runner, at, tenant = name.partition(AT)
    return runner, tenant if at else None


def placed(runner: RunnerSettings, tenant: str | None) -> RunnerSettings:
    """The runner as a tenant has it."""
    return runner if tenant is None else replace(runner, namespace=tenant)


def refusal(runner: RunnerSettings, tenant: str | None, policies: Sequence[Policy]) -> str | None:
    """Why a tenant may not use a runner at all."""
    if tenant is None or runner.kind == "kubernetes":
        return None
    policy = policy_of(tenant, policies)
    if runner.name in policy.runners:
        return None
    return f"the runner {runner.name} is not for repositories of a cluster (policy {policy.name}: runners)"
