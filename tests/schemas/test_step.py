from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Mistakes = Callable[[dict[str, Any]], list[tuple[tuple[str | int, ...], str]]]
RUN = {"run": "true"}

ACCEPTED: list[dict[str, Any]] = [
    RUN,
    {"run": [{"run": "true"}, {"name": "b", "run": "x", "if": "${{ always() }}", "shell": "sh", "timeout": "5s"}]},
    {"uses": "std/notify", "with": {"to": "x", "n": 3}},
    {"uses": "./actions/x"},
    {"command": ["echo", "hello there"], "args": [1, True, None, "${{ inputs.a }}"]},
    {"command": "env", "args": "${{ inputs.words }}"},
    {"approval": {}},
    {"wait": {"for": "5m"}},
    {"wait": {"until": "2026-12-01T00:00:00+01:00"}},
    {"wait": {"until": "${{ inputs.when }}"}},
    {**RUN, "if": True},
    {**RUN, "if": "${{ failure() }}"},
    {**RUN, "timeout": "${{ inputs.minutes }}m", "retry": {"attempts": "${{ inputs.n }}"}},
    {**RUN, "env": {"A": 1, "B": 1.5, "C": True, "D": None, "E": "${{ item }}"}},
    {**RUN, "forEach": 3},
    {**RUN, "forEach": []},
    {**RUN, "forEach": ["a", {"b": 1}]},
    {**RUN, "forEach": {"a": 1}},
    {**RUN, "forEach": "${{ inputs.parts }}", "maxParallel": 2, "failFast": False},
    {**RUN, "matrix": {"python": ["3.11", 3], "os": "${{ inputs.o }}", "include": [{"python": "3.13"}], "exclude": []}},
    {**RUN, "matrix": "${{ fromJson(steps.a.outputs.m) }}"},
    {**RUN, "shell": {"command": ["my-tool", "{script}"]}},
    {**RUN, "cache": {"key": "k", "paths": ["~/.cache"], "restore": ["k-"]}},
    {**RUN, "cache": {"key": "k", "ttl": "1d"}},
    {**RUN, "artifacts": {"save": ["report.xml"], "load": {"in.xml": "${{ steps.a.artifacts.r }}"}}},
    {**RUN, "artifacts": {"save": {"report": ["a", "b"], "log": "*.log"}}},
    {**RUN, "files": {"~/.netrc": {"content": "${{ secrets.N }}", "mode": "0400"}}},
    {**RUN, "services": {"db": {"image": "postgres:17", "env": {"A": 1}, "ports": [5432]}}},
    {**RUN, "resources": {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"nvidia.com/gpu": 1}}},
    {**RUN, "pod": {"nodeSelector": {"a": "b"}, "volumes": [{"name": "v", "mountPath": "/v", "emptyDir": True}]}},
]  # fmt: skip

REFUSED: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({}, (), "step-kind"),
    ({"run": "x", "uses": "std/x"}, (), "step-kind"),
    ({"run": None}, ("run",), "wrong-type"),
    ({"run": ""}, ("run",), "string_too_short"),
    ({"run": "  \n"}, ("run",), "string_pattern_mismatch"),
    ({"run": 5}, ("run",), "wrong-type"),
    ({"run": []}, ("run",), "too_short"),
    ({"run": [{"name": "x"}]}, ("run", 0, "run"), "missing"),
    ({"run": [{"run": "x", "needs": ["a"]}]}, ("run", 0, "needs"), "extra_forbidden"),
    ({**RUN, "args": ["x"]}, (), "step-kind"),
    ({**RUN, "with": {"a": 1}}, (), "step-kind"),
    ({"uses": "std/x", "shell": "sh"}, (), "step-kind"),
    ({**RUN, "forEach": [1], "matrix": {"a": [1]}}, (), "step-kind"),
    ({"uses": "${{ inputs.x }}"}, ("uses",), "invalid-uses"),
    ({"uses": "../x"}, ("uses",), "invalid-uses"),
    ({"uses": "std"}, ("uses",), "invalid-uses"),
    ({"command": "echo hello"}, ("command",), "invalid-command"),
    ({"command": []}, ("command",), "too_short"),
    ({"command": ["a", ["b"]]}, ("command", 1), "wrong-type"),
    ({"command": ["a"], "args": "b"}, ("args",), "invalid-command"),
    ({"wait": {}}, ("wait",), "wait-kind"),
    ({"wait": {"for": "1s", "until": "2026-12-01T00:00Z"}}, ("wait",), "wait-kind"),
    ({"wait": {"until": "2026-12-01T00:00"}}, ("wait", "until"), "invalid-moment"),
    ({"approval": {"minimum": 0}}, ("approval", "minimum"), "wrong-type"),
    ({"approval": {"onTimeout": "ask"}}, ("approval", "onTimeout"), "literal_error"),
    ({**RUN, "needs": "a"}, ("needs",), "tuple_type"),
    ({**RUN, "needs": ["${{ x }}"]}, ("needs", 0), "invalid-step-name"),
    ({**RUN, "if": "success()"}, ("if",), "invalid-condition"),
    ({**RUN, "if": None}, ("if",), "invalid-condition"),
    ({**RUN, "if": 1}, ("if",), "invalid-condition"),
    ({**RUN, "timeout": 5}, ("timeout",), "invalid-duration"),
    ({**RUN, "checkout": "true"}, ("checkout",), "wrong-type"),
    ({**RUN, "checkout": {"git": 1}}, ("checkout", "git"), "wrong-type"),
    ({**RUN, "checkout": {"depth": 1}}, ("checkout", "depth"), "extra_forbidden"),
    ({**RUN, "retry": {"attempts": True}}, ("retry", "attempts"), "wrong-type"),
    ({**RUN, "retry": 3}, ("retry",), "model_type"),
    ({**RUN, "retry": {"exitCodes": [-1]}}, ("retry", "exitCodes", 0), "wrong-type"),
    ({**RUN, "forEach": "a"}, ("forEach",), "invalid-for-each"),
    ({**RUN, "forEach": -1}, ("forEach",), "invalid-for-each"),
    ({**RUN, "forEach": True}, ("forEach",), "invalid-for-each"),
    ({**RUN, "matrix": {}}, ("matrix",), "invalid-matrix"),
    ({**RUN, "matrix": {"a": "b"}}, ("matrix", "a"), "invalid-matrix"),
    ({**RUN, "matrix": {"a": []}}, ("matrix", "a"), "too_short"),
    ({**RUN, "matrix": {"a": [1], "include": [3]}}, ("matrix", "include", 0), "dict_type"),
    ({**RUN, "shell": {"command": ["x"]}}, ("shell",), "invalid-shell"),
    ({**RUN, "shell": ["bash"]}, ("shell",), "invalid-shell"),
    ({**RUN, "cache": {"key": "a"}}, ("cache",), "cache-kind"),
    ({**RUN, "cache": {"key": "a", "ttl": "1h", "restore": ["b"]}}, ("cache",), "cache-kind"),
    ({**RUN, "artifacts": {"save": "a"}}, ("artifacts", "save"), "invalid-paths"),
    ({**RUN, "artifacts": {"save": {"a": 5}}}, ("artifacts", "save", "a"), "invalid-paths"),
    ({**RUN, "artifacts": {"load": {"a": "b"}}}, ("artifacts", "load", "a"), "expression-expected"),
    ({**RUN, "files": {"a": {"content": "x", "mode": 400}}}, ("files", "a", "mode"), "invalid-mode"),
    ({**RUN, "files": {"a": {"content": "x", "mode": "7777"}}}, ("files", "a", "mode"), "invalid-mode"),
    ({**RUN, "resources": {"limits": {"cpu": "lots"}}}, ("resources", "limits", "cpu"), "invalid-quantity"),
    ({**RUN, "pod": {"volumes": [{"name": "v", "mountPath": "/v"}]}}, ("pod", "volumes", 0), "volume-kind"),
    ({**RUN, "services": {"db": {}}}, ("services", "db", "image"), "missing"),
]  # fmt: skip


@pytest.mark.parametrize("step", ACCEPTED)
def test_accepted(reader: Any, step_mistakes: Mistakes, step: dict[str, Any]) -> None:
    assert step_mistakes(step) == []
    assert reader.schema_accepts(reader.smallest("Workflow", steps={"a": step}))


NOT_IN_JSON_SCHEMA = [{**RUN, "matrix": {}}, {**RUN, "shell": {"command": ["x"]}}]


@pytest.mark.parametrize(("step", "loc", "code"), REFUSED)
def test_refused(
    reader: Any, step_mistakes: Mistakes, step: dict[str, Any], loc: tuple[str | int, ...], code: str
) -> None:
    assert (loc, code) in step_mistakes(step)
    accepted = reader.schema_accepts(reader.smallest("Workflow", steps={"a": step}))
    assert accepted == (step in NOT_IN_JSON_SCHEMA)


def test_a_list_of_steps_runs_in_order(reader: Any) -> None:
    steps = [RUN, {"name": "build", **RUN}, RUN]
    workflow = reader.model(reader.smallest("Workflow", steps=steps, **{"finally": [RUN]}))
    items = workflow.step_items()
    assert [(item.name, item.path, item.after) for item in items] == [
        ("step-1", ("steps", 0), None),
        ("build", ("steps", 1), "step-1"),
        ("step-3", ("steps", 2), "build"),
    ]
    assert [(item.name, item.after) for item in workflow.finally_items()] == [("step-4", None)]


def test_a_map_of_steps_keeps_its_order_and_waits_for_nothing(reader: Any) -> None:
    workflow = reader.model(reader.smallest("Workflow", steps={"b": RUN, "a": RUN}))
    assert [(item.name, item.path, item.after) for item in workflow.step_items()] == [
        ("b", ("steps", "b"), None),
        ("a", ("steps", "a"), None),
    ]
    assert workflow.finally_items() == []


def test_scalars_of_env_are_kept_as_they_are(reader: Any) -> None:
    env = {"A": 1, "B": 1.0, "C": True, "D": None, "E": "1"}
    step = reader.model(reader.smallest("Workflow", steps={"a": {**RUN, "env": env}})).steps["a"]
    assert [(value, type(value)) for value in step.env.values()] == [(v, type(v)) for v in env.values()]


def test_the_list_form_of_save_names_each_item_after_itself(reader: Any) -> None:
    artifacts = {"save": ["a.xml", "b/*.log"]}
    step = reader.model(reader.smallest("Workflow", steps={"a": {**RUN, "artifacts": artifacts}})).steps["a"]
    assert step.artifacts.saved() == {"a.xml": ("a.xml",), "b/*.log": ("b/*.log",)}


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 0, 1001, 10**400])
def test_a_factor_is_a_sensible_number(step_mistakes: Mistakes, factor: float) -> None:
    assert step_mistakes({**RUN, "retry": {"factor": factor}}) == [(("retry", "factor"), "wrong-type")]
