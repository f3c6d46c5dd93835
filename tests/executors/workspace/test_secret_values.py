"""Values take the place of names, for one attempt alone: also where they are credentials of a registry."""

from __future__ import annotations

from pathlib import Path

from windlass.executors.workspace.pieces import Place
from windlass.executors.workspace.runner_terms import Terms
from windlass.executors.workspace.secret_values import SecretValues
from windlass.plan.placeholders import placeholder
from windlass.runs.beside import LaunchRegistry
from windlass.runs.model import AttemptKey, Launch, SecretScope
from windlass.settings import RunnerSettings

NAME = "registries.ghcr.io.0123"
LAUNCH = Launch(
    AttemptKey("run", "step", "", 1), "docker", ("true",), {},
    registries=(LaunchRegistry("ghcr.io", "bot", placeholder(NAME)),),
    secrets=("other", NAME), references={NAME: "ref+sops://s#/g"}, scope=SecretScope("shop", "c" * 40, None, actor={}),
)  # fmt: skip
NOWHERE = Place(LAUNCH.key, Path("/nowhere"), Path("/nowhere/work"), lambda: None)


def test_a_registry_s_password_is_filled_in_and_never_shows() -> None:
    values = SecretValues(
        lambda _run, names: dict.fromkeys(names, "other-value"),
        lambda references, _scope: dict.fromkeys(references, "hunter2-long"),
    )
    assert values.wants(LAUNCH)
    found = values.prepare(LAUNCH, NOWHERE)
    assert found.registries == (LaunchRegistry("ghcr.io", "bot", "hunter2-long"),)
    assert found.masks == ("other-value", "hunter2-long")
    assert "'hunter2-long'" not in repr(found)


def test_a_runner_without_images_resolves_none_of_it() -> None:
    local = Terms(RunnerSettings("here", "local"))
    assert local.wants(LAUNCH)
    found = local.prepare(LAUNCH, NOWHERE)
    assert (found.registries, found.secrets, found.references) == ((), ("other",), {})
    assert not Terms(RunnerSettings("there", "docker")).wants(LAUNCH)
