"""Which plans the runners that are there cannot run, and what is said about it."""

from __future__ import annotations

import pytest

from windlass.plan.fitting import misfits

KINDS = {"local": "local", "docker": "docker", "builds": "docker"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: {a: {run: x, runner: builds}, b: {run: x}}", []),
        ("steps: {a: {run: x, runner: build}}", ["step a: there is no runner build (did you mean builds?)"]),
        (
            "runner: cloud\nsteps: {a: {run: x}}\nfinally: {b: {run: x, runner: docker}}",
            ["step a: there is no runner cloud (known here: builds, docker, local)"],
        ),
        ("runner: cloud\nsteps: {a: {wait: {for: 1s}}, b: {approval: {}}}", []),
        ("steps: {a: {run: x, runner: docker, services: {db: {image: i}}}}", []),
    ],
)
def test_runners(plan, text, said):
    assert misfits(plan(text), KINDS) == said


def test_services_need_containers(plan):
    (said,) = misfits(plan("steps: {a: {run: x, services: {db: {image: i}}}}"), KINDS)
    assert said.startswith("step a: services need containers")
