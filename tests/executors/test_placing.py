"""Each tenant of a cluster has executors of its own, in its namespace; this machine's if its policy says so."""

from __future__ import annotations

import pytest

from windlass.executors.named import all_runners
from windlass.executors.placing import Placing, placed, refusal, taken_apart
from windlass.policies.policy import Policy
from windlass.settings import RunnerSettings

BIG = RunnerSettings("big", "kubernetes", context="big", namespace="jobs")
RUNNERS = all_runners({"big": BIG})


@pytest.fixture
def place():
    return Placing(RUNNERS, {"shop": "sales"}.get)


@pytest.mark.parametrize(
    ("repository", "runner", "name"),
    [
        ("docs", "local", "local"),
        ("docs", "kubernetes", "kubernetes"),
        ("shop", "local", "local"),
        ("shop", "kubernetes", "kubernetes@sales"),
        ("team-a.shop", "kubernetes", "kubernetes@team-a"),
        ("team-a.shop", "big", "big@team-a"),
        ("team-a.shop", "local", "local@team-a"),
        ("team-a.shop", "docker", "docker@team-a"),
        ("team-a.shop", "gone", "gone"),
    ],
)
def test_the_tenant_decides(place, repository, runner, name):
    assert place(repository, runner) == name


def test_everybody_who_may_use_a_runner_of_this_machine_has_the_same():
    allowing = Placing(RUNNERS, {}.get, (Policy("builders", tenants=("ci-*",), runners=("local",)),))
    assert allowing("ci-1.shop", "local") == "local"
    assert allowing("ci-1.shop", "docker") == "docker@ci-1"
    assert allowing("team-a.shop", "local") == "local@team-a"


def test_a_tenant_has_a_runner_in_its_namespace():
    runner, tenant = taken_apart("big@team-a")
    assert placed(RUNNERS[runner], tenant).namespace == "team-a"
    assert placed(BIG, None).namespace == "jobs"


def test_runners_of_this_machine_are_for_tenants_of_a_cluster_only_by_policy():
    policies = (Policy("builders", tenants=("ci-*",), runners=("docker",)),)
    local, docker = RUNNERS["local"], RUNNERS["docker"]
    assert refusal(local, None, policies) is None
    assert refusal(RUNNERS["kubernetes"], "team-a", ()) is None
    assert "policy default: runners" in (refusal(local, "team-a", policies) or "")
    assert "policy builders: runners" in (refusal(local, "ci-1", policies) or "")
    assert refusal(docker, "ci-1", policies) is None
