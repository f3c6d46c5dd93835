"""Credentials of registries: an attempt is given those that its images are from, and no others."""

from __future__ import annotations

import pytest

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.placeholders import placeholder
from windlass.plan.planner import Occasion, make_plan
from windlass.plan.registries import needed, password_name
from windlass.plan.secret_names import display_name
from windlass.runs.beside import LaunchRegistry
from windlass_schemas.repository import Repository
from windlass_schemas.workflow import Workflow

HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow", "metadata": {"name": "w"}}
GHCR, OWN = "ref+sops://s.yaml#/ghcr", "ref+sops://s.yaml#/own"
SETTINGS = {
    "registries": {
        "ghcr.io": {"username": "bot", "password": GHCR},
        "host:5000": {"username": "me", "password": OWN},
    }
}
NAME = password_name("ghcr.io", GHCR)


@pytest.fixture
def launch(world_class):
    def make(step, **inputs):
        repository = Repository.model_validate({**HEAD, "kind": "Repository", **SETTINGS})
        workflow = Workflow.model_validate({**HEAD, "steps": {"a": step}})
        plan = make_plan(workflow, repository, Occasion("shop", "c" * 40, inputs, {}))
        return next(iter(world_class(from_bytes(to_bytes(plan))).tell().running.values()))

    return make


def test_of_the_step_and_of_its_services(launch):
    found = launch({"run": "x", "image": "${{ inputs.image }}"}, image="ghcr.io/team/app:1")
    assert found.registries == (LaunchRegistry("ghcr.io", "bot", placeholder(NAME)),)
    assert (found.secrets, found.references) == ((NAME,), {NAME: GHCR})
    assert found.scope.repository == "shop"
    assert display_name(NAME) == "registries.ghcr.io"
    found = launch({"run": "x", "image": "alpine", "services": {"db": {"image": "host:5000/db"}}})
    assert [one.host for one in found.registries] == ["host:5000"]


@pytest.mark.parametrize("image", ["alpine", "ghcr.io.evil.example/app", "evil.example/ghcr.io/app", "host:5001/db"])
def test_of_another_registry_none(launch, image):
    found = launch({"run": "x", "image": image})
    assert (found.registries, found.secrets, found.references, found.scope) == ((), (), {}, None)


def test_docker_hub_by_each_of_its_names():
    hub = {"docker.io": {"username": "u", "password": GHCR}}
    for image in ("alpine", "team/app", "docker.io/team/app", "index.docker.io/library/alpine:3"):
        assert needed(hub, [image]) == hub
    assert needed(hub, [None, "quay.io/a/b"]) == {}


def test_of_a_library_s_settings_none():
    repository = Repository.model_validate({**HEAD, "kind": "Repository", **SETTINGS})
    workflow = Workflow.model_validate({**HEAD, "steps": {"a": {"run": "x", "image": "ghcr.io/a"}}})
    occasion = Occasion("shop", "c" * 40, {}, {}, library="infra")
    assert make_plan(workflow, repository, occasion).registries == {}
