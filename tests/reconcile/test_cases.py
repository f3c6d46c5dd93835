"""The verdict on a case: what `expect` names is compared, reading what was not given fails, and it is quick."""

from __future__ import annotations

import time

import pytest

from windlass.plan.uses import Used
from windlass.reconcile.cases import judge_test
from windlass_schemas.repository import Repository
from windlass_schemas.testfile import Test
from windlass_schemas.workflow import Workflow

STEPS = {
    "build": {"run": "make", "outputs": {"image": {"type": "string"}}},
    "test": {"env": {"IMAGE": "${{ steps.build.outputs.image }}"}, "run": "pytest"},
    "ask": {"if": "${{ inputs.target == 'production' }}", "run": "true"},
    "ship": {"needs": ["test", "ask"], "run": "true", "outputs": {"count": {"type": "integer"}}},
}
WORKFLOW = {
    "apiVersion": "windlass.dev/v1",
    "kind": "Workflow",
    "metadata": {"name": "deploy"},
    "inputs": {"target": {"type": "string", "default": "staging"}},
    "outputs": {"image": "${{ steps.build.outputs.image }}", "count": "${{ steps.ship.outputs.count }}"},
    "steps": STEPS,
    "finally": {"tell": {"if": "${{ failure() }}", "run": "true"}},
}
GIVEN = {"build": {"outputs": {"image": "shop:1"}}, "ship": {"outputs": {"count": 2}}}


def verdicts(*cases):
    test = Test.model_validate(
        {"apiVersion": "windlass.dev/v1", "kind": "Test", "workflow": "deploy", "cases": [*cases]}
    )
    return list(judge_test(test, Workflow.model_validate(WORKFLOW), None, "shop"))


def verdict(**case):
    return verdicts({"name": "it", **case})[0]


def test_a_case_that_is_as_expected_passes():
    found = verdict(
        steps=GIVEN,
        expect={
            "status": "succeeded",
            "ran": ["ship", "build", "test"],
            "skipped": ["ask", "tell"],
            "outputs": {"image": "shop:1"},
        },
    )
    assert (found.ok, found.failures) == (True, ())
    assert found.run["outputs"] == {"image": "shop:1", "count": 2}


def test_what_is_absent_is_not_looked_at():
    assert verdict(steps=GIVEN | {"test": {"status": "failed"}}).ok


@pytest.mark.parametrize(
    ("expect", "failures"),
    [
        ({"status": "failed"}, ["status: expected failed, got succeeded"]),
        ({"ran": ["build", "test"]}, ["ran: ship did, and should not have"]),
        ({"ran": ["build", "test", "ask", "ship"]}, ["ran: ask should have, and did not"]),
        (
            {"skipped": ["tell", "ship"]},
            ["skipped: ship should have, and did not", "skipped: ask did, and should not have"],
        ),
        ({"outputs": {"image": "shop:2"}}, ['outputs.image: expected "shop:2", got "shop:1"']),
        ({"outputs": {"count": True}}, ["outputs.count: expected true, got 2"]),
    ],
)
def test_each_difference_is_told(expect, failures):
    assert list(verdict(steps=GIVEN, expect=expect).failures) == failures


def test_a_failure_runs_finally_and_names_its_cause():
    found = verdict(steps=GIVEN | {"test": {"status": "failed"}}, expect={"status": "succeeded", "ran": ["build"]})
    assert list(found.failures) == [
        "status: expected succeeded, got failed (exit-code: as the test says)",
        "ran: test, tell did, and should not have",
    ]


def test_reading_what_no_result_gives_fails_the_case_whatever_it_expects():
    found = verdict(expect={"status": "errored"})
    assert list(found.failures) == ["step test reads steps.build.outputs.image, which the case does not give"]
    found = verdict(steps={"build": {"outputs": {"image": "a"}}})
    assert list(found.failures) == [
        "the outputs of the workflow read steps.ship.outputs.count, which the case does not give"
    ]


def test_inputs_that_do_not_fit_are_a_failed_case():
    found = verdict(inputs={"target": 5})
    assert (list(found.failures), found.run) == (["target: must be a string, not 5"], None)


def test_a_hundred_cases_take_less_than_a_second():
    cases = [{"name": f"case {i}", "steps": GIVEN, "expect": {"status": "succeeded"}} for i in range(100)]
    begun = time.process_time()
    assert all(found.ok for found in verdicts(*cases))
    assert time.process_time() - begun < 1.0


def test_a_step_that_uses_an_action_is_given_what_the_case_says():
    head = {"apiVersion": "windlass.dev/v1", "metadata": {"name": "deploy"}}
    action = head | {"kind": "Action", "run": "x", "inputs": {"n": {"type": "integer", "maximum": 9}}}
    action |= {"outputs": {"n": {"type": "integer"}}}
    step = {"uses": "./actions/x", "with": {"n": "${{ inputs.n }}"}}
    after = {"uses": "./actions/x", "with": {"n": "${{ steps.a.outputs.n }}"}}
    workflow = head | {"kind": "Workflow", "inputs": {"n": {"type": "integer", "default": 1}}}
    workflow |= {"steps": {"a": step, "b": after}}
    cases = [
        {"name": "fits", "steps": {"a": {"outputs": {"n": 9}}}, "expect": {"ran": ["a", "b"], "status": "succeeded"}},
        {"name": "refused", "inputs": {"n": 10}, "expect": {"status": "errored", "skipped": ["b"]}},
        {"name": "not given", "expect": {}},
    ]
    test = Test.model_validate({"apiVersion": head["apiVersion"], "kind": "Test", "workflow": "deploy", "cases": cases})
    uses = {"./actions/x": Used("Action", action, "actions/x")}
    found = list(judge_test(test, Workflow.model_validate(workflow), None, "shop", uses))
    assert [one.failures for one in found] == [
        (),
        (),
        ("step b reads steps.a.outputs.n, which the case does not give",),
    ]


def test_a_protected_environment_is_no_part_of_a_case():
    """A test is of no branch, people agree, and what nobody wrote is not listed."""
    settings = Repository.model_validate(
        {
            "apiVersion": "windlass.dev/v1",
            "kind": "Repository",
            "environments": {"prod": {"protection": {"branches": ["main"], "approval": {"by": ["group:ops"]}}}},
        }
    )
    workflow = Workflow.model_validate({**WORKFLOW, "environment": "prod"})
    case = {"name": "it", "steps": GIVEN, "expect": {"ran": ["build", "test", "ship"], "skipped": ["ask", "tell"]}}
    test = Test.model_validate({"apiVersion": "windlass.dev/v1", "kind": "Test", "workflow": "deploy", "cases": [case]})
    (found,) = judge_test(test, workflow, settings, "shop")
    assert found.failures == ()


FILES = {
    **{key: WORKFLOW[key] for key in ("apiVersion", "kind", "metadata")},
    "outputs": {"path": "${{ steps.pack.outputs.bundle.path }}"},
    "steps": {
        "pack": {"run": "make", "outputs": {"bundle": {"type": "file"}}},
        "sign": {"needs": ["pack"], "run": "true"},
    },
}


@pytest.mark.parametrize("given", ["dist/a.tar", {"path": "dist/a.tar", "size": 3}])
def test_a_file_is_given_by_its_path_or_as_what_is_read_of_it(given):
    found = playing(FILES, steps={"pack": {"outputs": {"bundle": given}}}, expect={"outputs": {"path": "dist/a.tar"}})
    assert found.failures == ()


def test_a_file_that_no_result_gives_is_missed_by_its_reader_alone():
    found = playing(FILES, expect={"ran": ["pack", "sign"]})
    assert found.failures == (
        "the outputs of the workflow read steps.pack.outputs.bundle, which the case does not give",
    )


def test_the_approval_of_an_environment_is_no_step_of_a_case():
    workflow = {**WORKFLOW, "environment": "production"}
    protected = {"protection": {"branches": ["main"], "approval": {"by": ["group:ops"]}}}
    settings = {"apiVersion": "windlass.dev/v1", "kind": "Repository", "environments": {"production": protected}}
    found = playing(workflow, settings=settings, steps=GIVEN, expect={"ran": ["build", "test", "ship"]})
    assert found.failures == ()
    assert list(found.run["steps"]) == ["build", "test", "ask", "ship", "tell"]


def playing(workflow, settings=None, **case):
    head = {"apiVersion": "windlass.dev/v1", "kind": "Test", "workflow": "deploy"}
    test = Test.model_validate({**head, "cases": [{"name": "it", **case}]})
    repository = Repository.model_validate(settings) if settings else None
    return next(judge_test(test, Workflow.model_validate(workflow), repository, "shop"))
