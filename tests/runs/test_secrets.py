"""What an attempt is to be filled in with: only what the texts of its own step name, however it is asked for."""

from __future__ import annotations

from dataclasses import replace

from tests.plan.conftest import settings_of, workflow_of
from tests.runs.conftest import World, plan_of, planned

from windlass.plan.model import EnvLayer, FileSpec
from windlass.plan.placeholders import filled, placeholder
from windlass.plan.planner import Occasion, make_plan
from windlass.plan.secret_names import secret_name
from windlass.plan.uses import Used

A, B = "ref+sops://s.yaml#/a", "ref+sops://s.yaml#/b"
NAME_A, NAME_B = secret_name("A", A), secret_name("B", B)


def launched(world: World, name: str):
    return next(launch for key, launch in world.running.items() if key.path == name)


def test_env_files_and_references(step):
    env = (EnvLayer("step", {"X": "p ${{ secrets.A }}", "Y": "plain"}),)
    first = planned("a", env=env, files=(FileSpec("f", "k=${{ secrets.B }}"),))
    launch = launched(World(plan_of(first, planned("b"), secrets={"A": A, "B": B})).tell(), "a")
    assert launch.env["X"] == f"p {placeholder(NAME_A)}"
    assert launch.references == {NAME_A: A, NAME_B: B}
    assert set(launch.secrets) == {NAME_A, NAME_B}
    assert (launch.scope.repository, launch.scope.commit) == ("shop", "c" * 40)
    assert filled(launch.files[0].content, {NAME_B: "hunter22"}) == "k=hunter22"


def test_an_event_that_spells_a_placeholder_gets_nothing(step):
    """S: the confused deputy: a text from outside names a secret that the step was not meant to have."""
    env = (EnvLayer("step", {"X": "${{ event.body }}", "Y": "${{ secrets.A }}"}),)
    plan = plan_of(planned("a", env=env), planned("b", env=env[:0]), secrets={"A": A, "B": B})
    plan = replace(plan, event={"body": placeholder(NAME_B)})
    launch = launched(World(plan).tell(), "a")
    assert set(launch.secrets) == {NAME_A}
    assert filled(launch.env["X"], {NAME_A: "value-a"}) == placeholder(NAME_B)


def test_the_trigger_s_layer_is_no_author(step):
    env = (EnvLayer("trigger", {"X": "${{ secrets.A }}", "Y": placeholder(NAME_A)}),)
    launch = launched(World(plan_of(planned("a", env=env), secrets={"A": A})).tell(), "a")
    assert launch.secrets == ()


INNER = """
environment: prod
inputs: {key: {type: secret}, text: {required: false}}
steps:
  s: {run: x, env: {MINE: "${{ secrets.A }}", GIVEN: "${{ inputs.key }}", T: "${{ inputs.text }}"}}
"""
SETTINGS = "secrets: {A: ref+sops://s.yaml#/a, B: ref+sops://s.yaml#/b}\nenvironments: {prod: {secrets: {A: ref+sops://p.yaml#/a}}}"
OUTER = "steps: {n: {uses: ./workflows/inner.yaml, with: {key: '%s', text: '${{ event.body }}'}}}"


def nested(given: str, body: str):
    outer, settings = workflow_of(OUTER % given), settings_of(SETTINGS)
    inner = workflow_of(INNER).model_dump(by_alias=True, exclude_unset=True, mode="json")
    written = settings.model_dump(by_alias=True, exclude_unset=True, mode="json")
    uses = {"./workflows/inner.yaml": Used("Workflow", inner, "workflows/inner.yaml", settings=written)}
    plan = make_plan(outer, settings, Occasion("shop", "c" * 40, {}, {"body": body}, uses=uses))
    return World(plan).tell()


def test_a_nested_workflow_has_its_own_and_what_it_is_given(step):
    """Both are called A, and mean two things: the environments differ."""
    launch = launched(nested("Bearer ${{ secrets.A }}", ""), "n/s")
    mine = secret_name("A", "ref+sops://p.yaml#/a")
    assert launch.references == {mine: "ref+sops://p.yaml#/a", NAME_A: A}
    values = {mine: "mine", NAME_A: "given"}
    assert (filled(launch.env["MINE"], values), filled(launch.env["GIVEN"], values)) == ("mine", "Bearer given")


def test_what_is_passed_down_with_an_event_names_nothing(step):
    for given in ("${{ event.body }}", "${{ secrets.A }}"):
        launch = launched(nested(given, placeholder(NAME_B)), "n/s")
        assert NAME_B not in launch.secrets
