"""`docker: true` on Kubernetes: a real engine beside the step, on the real cluster, where the policy allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import IMAGE, TIMEOUT, Kube

from windlass.executors.kubernetes.engine import IMAGE as ENGINE_IMAGE
from windlass.executors.kubernetes.spec import objects_of
from windlass.executors.kubernetes.terms import PolicyError, admitted
from windlass.kube.resources import JOBS
from windlass.policies.policy import SAFE, Policy
from windlass.runs.beside import LaunchService
from windlass.runs.model import LaunchPart

PATIENCE = 180.0  # seconds; an engine begins, and copies an image twice, on a machine that is busy with others
ALLOWED = replace(SAFE, name="builders", docker=True)
BUILD = """\
echo "$DOCKER_HOST"
echo from-the-step > "$PWD/here"
tar -c -C / bin/busybox bin/sh bin/cat | docker import - tiny >/dev/null
docker run --rm -v "$PWD:/there" tiny /bin/sh -c 'cat /there/here; echo from-inside > /there/back'
cat "$PWD/back"
"""


def test_a_step_has_an_engine_of_its_own_that_goes_with_it(kube: Kube, docker_image: str) -> None:
    part = LaunchPart(BUILD, "build", ("sh", "-e", "{script}"))
    terms: dict[str, Any] = {"policy": ALLOWED, "engine": docker_image}
    user = {"securityContext": {"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}}
    launch = kube.launch(None, argv=(), parts=(part,), image=docker_image, docker=True, pod=user)
    executor = kube.executor(**terms)
    executor.start([launch])
    found = kube.seen.ended(launch.key, PATIENCE)
    executor.close(kill=True)
    assert (found.exit_code, found.cause) == (0, None), (found.message, kube.log())
    assert kube.log() == b"unix:///var/run/docker.sock\nfrom-the-step\nfrom-inside\n"
    assert all("terminated" in one["state"] for one in kube.pod()["status"]["initContainerStatuses"])


def test_an_engine_that_does_not_come_up_says_why(kube: Kube) -> None:
    """Its image is none of an engine."""
    found = kube.end("true", docker=True, terms={"policy": ALLOWED, "engine": IMAGE})
    assert (found.exit_code, found.cause) == (None, "service-failed")
    assert "the service docker-engine cannot be started: dockerd: executable file not found" in (found.message or "")
    wait_until(lambda: not kube.pods(), TIMEOUT)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (SAFE, "docker: true is not allowed (policy default)"),
        (replace(SAFE, privileged=True), "docker: true is not allowed (policy default)"),
        (
            replace(ALLOWED, pod_security="restricted"),
            "spec.initContainers[0].securityContext.privileged: privileged containers are not allowed",
        ),
        (replace(ALLOWED, limits={"cpu": 1}, limits_required=True), "limits[cpu]: a limit is required"),
    ],
)
def test_the_policy_refuses_it(kube: Kube, policy: Policy, said: str) -> None:
    found = kube.end("true", docker=True, terms={"policy": policy})
    assert (found.exit_code, found.cause) == (None, "policy")
    assert said in (found.message or "")
    assert kube.list(JOBS) == []


def test_the_policy_opens_the_door_for_this_container_alone(kube: Kube) -> None:
    """Whatever else would be privileged, or of another image, is refused as ever."""
    terms = replace(kube.terms, policy=replace(ALLOWED, images=("windlass.test/shell",)))
    objects = objects_of(kube.launch("true", docker=True), terms, kube.namespace, None)
    assert admitted(objects.job, terms, objects.engine)
    for change in ({"args": ["sh"]}, {"image": "evil:1"}, {"name": "service-other"}):
        changed = objects_of(kube.launch("true", docker=True), terms, kube.namespace, None)
        changed.job["spec"]["template"]["spec"]["initContainers"][0] |= change
        with pytest.raises(PolicyError, match=r"initContainers\[0\].securityContext.privileged"):
            admitted(changed.job, terms, changed.engine)


def test_the_pod_as_the_api_server_takes_it(kube: Kube) -> None:
    """With the usual image, services beside it, and a program's own DOCKER_HOST."""
    services = (LaunchService("db", "postgres:17", ports=(5432,)),)
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}}
    volumes = [
        {"name": "data", "mountPath": "/data", "emptyDir": True},
        {"name": "s", "mountPath": "/s", "secret": "x"},
    ]
    launch = kube.launch(
        "true",
        docker=True,
        services=services,
        resources=resources,
        pod={"volumes": volumes},
        env={"DOCKER_HOST": "mine"},
    )
    objects = objects_of(launch, kube.terms, kube.namespace, None)
    path = f"{JOBS.path(kube.namespace)}?dryRun=All"
    taken = kube.call(kube.client.request("POST", path, objects.job))
    assert taken
    pod = objects.job["spec"]["template"]["spec"]
    engine, database = pod["initContainers"]
    assert (engine["image"], database["image"]) == (ENGINE_IMAGE, "postgres:17")
    assert engine["resources"] == resources
    assert [mount["mountPath"] for mount in engine["volumeMounts"]] == ["/var/run", "/var/lib/docker", "/data"]
    assert [one["value"] for one in pod["containers"][0]["env"] if one["name"] == "DOCKER_HOST"] == ["mine"]


def test_a_service_cannot_have_its_name(kube: Kube) -> None:
    found = kube.end("true", docker=True, services=(LaunchService("docker-engine", IMAGE),))
    assert found.cause == "start-failed"
    assert "services.docker-engine" in (found.message or "")
