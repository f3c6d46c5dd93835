"""`resources` of a step and of its services: what the Pod has of them, and what a policy refuses by its field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.executors.kubernetes_bench import IMAGE, Kube

from windlass.kube.resources import JOBS
from windlass.policies.policy import SAFE
from windlass.policies.quantity import amount
from windlass.runs.beside import LaunchService

SMALL = replace(SAFE, name="small", limits={"memory": amount("1Gi"), "cpu": amount("1")}, limits_required=True)
FINE = {"requests": {"cpu": "10m"}, "limits": {"cpu": "1", "memory": "64Mi"}}


def service(resources: dict[str, dict[str, str]]) -> LaunchService:
    return LaunchService("idle", IMAGE, argv=("sleep", "1000"), resources=resources)


def test_they_are_those_of_the_containers(kube: Kube) -> None:
    more = {"requests": {"memory": "8Mi"}, "limits": {"memory": "32Mi", "cpu": "500m"}}
    found = kube.end("true", resources=FINE, services=(service(more),), terms={"policy": SMALL})
    assert (found.exit_code, found.cause) == (0, None), found.message
    pod = kube.pod()["spec"]
    (step,), (beside,) = pod["containers"], pod["initContainers"]
    assert step["resources"] == {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": FINE["limits"]}
    assert beside["resources"] == {"requests": {"cpu": "500m", "memory": "8Mi"}, "limits": more["limits"]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"resources": {"limits": {"memory": "2Gi", "cpu": "1"}}},
            "spec.containers[0].resources.limits[memory]: 2Gi is more than the policy's limit (policy small)",
        ),
        ({"resources": {"limits": {"memory": "1Gi"}}}, "spec.containers[0].resources.limits[cpu]: a limit is required"),
        (
            {"resources": FINE, "services": (service({"limits": {"cpu": "3", "memory": "1Gi"}}),)},
            "spec.initContainers[0].resources.limits[cpu]: 3 is more than the policy's limit",
        ),
    ],
)
def test_a_policy_names_the_field(kube: Kube, fields: dict[str, Any], said: str) -> None:
    found = kube.end("true", terms={"policy": SMALL}, **fields)
    assert (found.exit_code, found.cause) == (None, "policy")
    assert said in (found.message or "")
    assert kube.list(JOBS) == []
