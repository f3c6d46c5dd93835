"""The terms of a runner: what it refuses before a program starts, with the field and the policy that says so.

In: a launch. Out: the launch, or the end of the attempt; a process that may use Docker is told where the engine is, and
is given no credentials for images, which mean nothing to it. It stands first among the preparations, so that nothing is
prepared for what is refused.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.executors.workspace.pieces import PieceError
from windlass.plan.fitting import NO_SERVICES
from windlass.plan.placeholders import names_in

if TYPE_CHECKING:
    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import Launch
    from windlass.settings import RunnerSettings

WITH_ENGINE = ("local", "docker")  # kinds whose `docker: true` is the engine itself
ENGINE = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONTEXT", "DOCKER_CONFIG")


class Terms:
    cause = "policy"
    verb = "looking at the terms of its runner"

    def __init__(self, runner: RunnerSettings) -> None:
        self._runner = runner

    def wants(self, launch: Launch) -> bool:
        return self._refusal(launch) is not None or (
            self._runner.kind == "local" and (launch.docker or bool(launch.registries))
        )

    def prepare(self, launch: Launch, place: Place) -> Launch:
        refusal = self._refusal(launch)
        if refusal is not None:
            raise PieceError(*refusal)
        launch = _without_registries(launch)
        return replace(launch, env={**_engine(), **launch.env}) if launch.docker else launch

    def _refusal(self, launch: Launch) -> tuple[str, str] | None:
        if launch.services and self._runner.kind == "local":
            return "policy", f"services: {NO_SERVICES}"
        if launch.docker and self._runner.kind in WITH_ENGINE and not self._runner.allow_docker:
            policy = f"runners.{self._runner.name}.allowDocker"
            return "policy", f"docker: true is not allowed on the runner {self._runner.name} ({policy} is not true)"
        return None


def _without_registries(launch: Launch) -> Launch:
    unused = {name for registry in launch.registries for name in names_in(registry.password)}
    return replace(
        launch,
        registries=(),
        secrets=tuple(name for name in launch.secrets if name not in unused),
        references={name: reference for name, reference in launch.references.items() if name not in unused},
    )


def _engine() -> dict[str, str]:
    """What the `docker` command reads, as far as this program's environment has it."""
    return {name: os.environ[name] for name in ENGINE if os.environ.get(name)}
