"""What a step asks of where it runs: from the file through the plan's bytes into the launch, values evaluated."""

from __future__ import annotations

import pytest

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.planner import Occasion, make_plan
from windlass.runs.beside import LaunchService
from windlass.runs.model import Status
from windlass_schemas.repository import Repository
from windlass_schemas.workflow import Workflow

HEAD = {"apiVersion": "windlass.dev/v1", "kind": "Workflow", "metadata": {"name": "w"}}


@pytest.fixture
def world(world_class):
    def make(workflow, settings=None, **inputs):
        repository = settings and Repository.model_validate({**HEAD, "kind": "Repository", **settings})
        plan = make_plan(Workflow.model_validate(HEAD | workflow), repository, Occasion("shop", "c" * 40, inputs, {}))
        return world_class(from_bytes(to_bytes(plan)))

    return make


def launch(world):
    return next(iter(world.tell().running.values()))


def test_everything_arrives(world):
    step = {
        "run": "x",
        "resources": {"requests": {"cpu": "${{ inputs.cpu }}"}, "limits": {"memory": "1Gi"}},
        "docker": "${{ inputs.cpu == 2 }}",
        "pod": {"nodeSelector": {"disk": "${{ inputs.disk }}"}, "imagePullSecrets": ["a"]},
        "services": {
            "db": {
                "image": "postgres:${{ inputs.cpu }}",
                "env": {"A": "${{ inputs.disk }}", "B": None},
                "command": ["run", 1],
                "args": ["${{ inputs.disk }}"],
                "ports": [5432],
                "resources": {"limits": {"cpu": 0.5}},
            }
        },
    }
    found = launch(world({"steps": {"a": step}}, cpu=2, disk="ssd"))
    assert found.resources == {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}}
    assert found.docker is True
    assert found.pod == {"nodeSelector": {"disk": "ssd"}, "imagePullSecrets": ["a"]}
    limits = {"limits": {"cpu": "0.5"}}
    service = LaunchService("db", "postgres:2", {"A": "ssd"}, ("B",), ("run", "1", "ssd"), (5432,), limits)
    assert found.services == (service,)


def test_a_step_that_asks_for_nothing_has_nothing_in_its_plan(world):
    at_work = world({"steps": {"a": {"run": "x"}}})
    assert at_work.plan.steps["a"].placement is None
    assert (launch(at_work).resources, launch(at_work).docker) == ({}, False)


def test_defaults(world):
    settings = {"defaults": {"resources": {"limits": {"cpu": 1}}, "pod": {"serviceAccount": "ci"}}}
    workflow = {"defaults": {"docker": True}, "steps": {"a": {"run": "x", "resources": {"limits": {"cpu": 2}}}}}
    found = launch(world(workflow, settings))
    assert (found.resources, found.docker, found.pod) == ({"limits": {"cpu": "2"}}, True, {"serviceAccount": "ci"})


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"resources": {"limits": {"cpu": "${{ inputs.x }}"}}}, "resources.limits.cpu: a quantity is"),
        ({"docker": "${{ inputs.x }}"}, "docker: write true, false"),
    ],
)
def test_a_wrong_value_is_an_error_of_the_step(world, step, said):
    at_work = world({"steps": {"a": {"run": "x", **step}}}, x="lots")
    at_work.tell()
    ended = at_work.step("a")
    assert (ended.status, ended.cause) == (Status.ERRORED, "expression")
    assert ended.message.startswith(said)
