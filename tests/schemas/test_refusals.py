"""Each refusal: where it stands, which rule it names, and whether editors see it too."""

# ruff: noqa: E501  # a table reads best with one case a line

from __future__ import annotations

from typing import Any

import pytest

STEP = {"run": "true"}
WEBHOOK = {"name": "shop", "verify": {"scheme": "none"}}


def trigger(kind: str, **written: Any) -> dict[str, Any]:
    return {"triggers": {kind: [written]}}


# kind, changes to the smallest document, where, error code, whether the JSON Schema refuses it too
CASES: list[tuple[str, dict[str, Any], tuple[str | int, ...], str, bool]] = [
    ("Workflow", {"apiVersion": "windlass.dev/v2"}, ("apiVersion",), "literal_error", True),
    ("Workflow", {"timeout": 5}, ("timeout",), "invalid-duration", True),
    ("Workflow", {"timeout": None}, ("timeout",), "invalid-duration", True),
    ("Workflow", {"nme": 1}, ("nme",), "extra_forbidden", True),
    ("Workflow", {"run_title": "x"}, ("run_title",), "extra_forbidden", True),
    ("Workflow", {"metadata": {"name": 1.0}}, ("metadata", "name"), "invalid-name", True),
    ("Workflow", {"metadata": {"name": "Deploy it"}}, ("metadata", "name"), "invalid-name", True),
    ("Workflow", {"metadata": {"name": "a\n"}}, ("metadata", "name"), "invalid-name", False),
    ("Workflow", {"metadata": {}}, ("metadata", "name"), "missing", True),
    ("Workflow", {"metadata": {"name": "a", "title": 5}}, ("metadata", "title"), "string_type", True),
    ("Workflow", {"enabled": "yes"}, ("enabled",), "bool_type", True),
    ("Workflow", {"env": {"1A": "x"}}, ("env", "1A", "[key]"), "invalid-env-name", True),
    ("Workflow", {"env": {"WINDLASS_X": "x"}}, ("env", "WINDLASS_X", "[key]"), "reserved-env-name", True),
    ("Workflow", {"env": {"A": ["x"]}}, ("env", "A"), "wrong-type", True),
    ("Workflow", {"env": None}, ("env",), "dict_type", True),
    ("Workflow", {"outputs": {"url": "plain"}}, ("outputs", "url"), "invalid-output", True),
    ("Workflow", {"outputs": {"url": {"value": "plain"}}}, ("outputs", "url", "value"), "expression-expected", True),
    ("Workflow", {"expect": {"slowerThan": 130}}, ("expect", "slowerThan"), "invalid-percent", True),
    ("Workflow", {"concurrency": {"limit": 2}}, ("concurrency", "group"), "missing", True),
    ("Workflow", {"concurrency": {"group": "a", "limit": 0}}, ("concurrency", "limit"), "wrong-type", True),
    ("Workflow", {"defaults": {"run": "x"}}, ("defaults", "run"), "extra_forbidden", True),
    # steps
    ("Workflow", {"steps": {}}, ("steps",), "too_short", True),
    ("Workflow", {"steps": []}, ("steps",), "too_short", True),
    ("Workflow", {"steps": "x"}, ("steps",), "wrong-type", True),
    ("Workflow", {"steps": {"A": STEP}}, ("steps", "A", "[key]"), "invalid-step-name", True),
    ("Workflow", {"steps": {"a" * 41: STEP}}, ("steps", "a" * 41, "[key]"), "invalid-step-name", True),
    ("Workflow", {"steps": [{"run": "true", "name": "-a"}]}, ("steps", 0, "name"), "invalid-step-name", True),
    ("Workflow", {"finally": {"b": {}}}, ("finally", "b"), "step-kind", True),
    # inputs
    ("Workflow", {"inputs": {"1a": {}}}, ("inputs", "1a", "[key]"), "invalid-value-name", True),
    ("Workflow", {"inputs": {"a": {"type": "text"}}}, ("inputs", "a", "type"), "literal_error", True),
    ("Workflow", {"inputs": {"a": {"minimum": 1}}}, ("inputs", "a"), "constraint-type", True),
    (
        "Workflow",
        {"inputs": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}},
        ("inputs", "a"),
        "constraint-range",
        False,
    ),
    ("Workflow", {"inputs": {"a": {"type": "object", "items": {}}}}, ("inputs", "a"), "constraint-type", True),
    ("Workflow", {"inputs": {"a": {"type": "secret", "default": "x"}}}, ("inputs", "a"), "secret-default", True),
    ("Workflow", {"inputs": {"a": {"enum": [1]}}}, ("inputs", "a"), "invalid-enum", False),
    ("Workflow", {"inputs": {"a": {"enum": []}}}, ("inputs", "a"), "invalid-enum", True),
    ("Workflow", {"inputs": {"a": {"pattern": "("}}}, ("inputs", "a"), "invalid-pattern", False),
    ("Workflow", {"inputs": {"a": {"showIf": "web"}}}, ("inputs", "a", "showIf"), "expression-expected", True),
    (
        "Workflow",
        {"inputs": {"a": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "secret"}}}}}},
        ("inputs", "a", "items", "properties", "k", "type"),
        "literal_error",
        True,
    ),
    # triggers
    ("Workflow", {"triggers": {"cron": []}}, ("triggers", "cron"), "extra_forbidden", True),
    ("Workflow", {"triggers": {"schedule": {}}}, ("triggers", "schedule"), "tuple_type", True),
    ("Workflow", trigger("schedule"), ("triggers", "schedule", 0), "schedule-kind", True),
    ("Workflow", trigger("schedule", cron="* * * * *", every="1h"), ("triggers", "schedule", 0), "schedule-kind", True),
    ("Workflow", trigger("schedule", every="10ms"), ("triggers", "schedule", 0), "invalid-every", False),
    ("Workflow", trigger("schedule", every="1h", missed="all"), ("triggers", "schedule", 0, "missed"), "invalid-missed", True),
    ("Workflow", trigger("schedule", every="1h", missed=["skip"]), ("triggers", "schedule", 0, "missed"), "invalid-missed", True),
    (
        "Workflow",
        trigger("schedule", every="1h", missed={"policy": "all"}),
        ("triggers", "schedule", 0, "missed", "limit"),
        "missing",
        True,
    ),
    (
        "Workflow",
        trigger("schedule", every="1h", missed={"policy": "all", "limit": 101}),
        ("triggers", "schedule", 0, "missed", "limit"),
        "less_than_equal",
        True,
    ),
    ("Workflow", trigger("schedule", every="1h", overlap="never"), ("triggers", "schedule", 0, "overlap"), "literal_error", True),
    (
        "Workflow",
        trigger("schedule", every="1h", start="2026-12-01T00:00Z"),
        ("triggers", "schedule", 0, "start"),
        "invalid-local-time",
        True,
    ),
    (
        "Workflow",
        trigger("schedule", every="1h", start="2026-12-02", end="2026-12-01"),
        ("triggers", "schedule", 0),
        "invalid-local-time",
        False,
    ),
    (
        "Workflow",
        trigger("schedule", every="1h", **{"except": ["2026-12-24..2026-12-01"]}),
        ("triggers", "schedule", 0, "except", 0),
        "invalid-days",
        False,
    ),
    (
        "Workflow",
        trigger("schedule", every="1h", **{"except": ["2026-02-30"]}),
        ("triggers", "schedule", 0, "except", 0),
        "invalid-days",
        False,
    ),
    ("Workflow", trigger("webhook", name="a"), ("triggers", "webhook", 0, "verify"), "missing", True),
    (
        "Workflow",
        trigger("webhook", name="a", verify={"scheme": "github"}),
        ("triggers", "webhook", 0, "verify"),
        "verify-secret",
        True,
    ),
    (
        "Workflow",
        trigger("webhook", name="a", verify={"scheme": "none", "secret": "A"}),
        ("triggers", "webhook", 0, "verify"),
        "verify-secret",
        True,
    ),
    (
        "Workflow",
        trigger("webhook", name="a", verify={"scheme": "token", "secret": "A", "header": "X"}),
        ("triggers", "webhook", 0, "verify"),
        "verify-header",
        True,
    ),
    ("Workflow", trigger("webhook", **WEBHOOK, **{"if": "maybe"}), ("triggers", "webhook", 0, "if"), "invalid-condition", True),
    ("Workflow", trigger("git"), ("triggers", "git", 0), "git-kind", True),
    ("Workflow", trigger("git", push={}, tag={}), ("triggers", "git", 0), "git-kind", True),
    ("Workflow", trigger("queue", queue="a"), ("triggers", "queue", 0), "queue-kind", True),
    ("Workflow", trigger("queue", nats="a"), ("triggers", "queue", 0), "queue-kind", True),
    ("Workflow", trigger("postgres", connection="a"), ("triggers", "postgres", 0), "postgres-kind", True),
    ("Workflow", trigger("postgres", connection="a", table="b"), ("triggers", "postgres", 0), "postgres-kind", True),
    ("Workflow", trigger("workflow", name="a b"), ("triggers", "workflow", 0, "name"), "invalid-name", True),
    ("Workflow", trigger("event"), ("triggers", "event", 0, "name"), "missing", True),
    # actions
    ("Action", {"command": ["true"]}, (), "action-kind", True),
    ("Action", {"args": ["x"]}, (), "action-kind", True),
    ("Action", {"permissions": {"network": "no"}}, ("permissions", "network"), "bool_type", True),
    ("Action", {"shell": "zsh"}, ("shell",), "invalid-shell", True),
    ("Action", {"outputs": {"a": {"size": 5}}}, ("outputs", "a", "size"), "invalid-size", True),
    # windlass.yaml
    ("Repository", {"secrets": {"A": "hunter2"}}, ("secrets", "A"), "plain-secret", True),
    ("Repository", {"secrets": {"A": "ref+exec://rm"}}, ("secrets", "A"), "secret-backend", True),
    ("Repository", {"secrets": {"A": "ref+file:///etc/passwd"}}, ("secrets", "A"), "secret-backend", True),
    ("Repository", {"secrets": {"A": "ref+echo://hunter22"}}, ("secrets", "A"), "secret-backend", True),
    ("Repository", {"secrets": {"A": "ref+httpjson://169.254.169.254/x#/a"}}, ("secrets", "A"), "secret-backend", True),
    ("Repository", {"environments": {"p": {"secrets": {"A": 5}}}}, ("environments", "p", "secrets", "A"), "plain-secret", True),
    ("Repository", {"registries": {"https://ghcr.io": {"username": "a", "password": "ref+sops://a#/b"}}}, ("registries", "https://ghcr.io", "[key]"), "invalid-name", True),
    ("Repository", {"registries": {"ghcr.io": {"username": "a", "password": "hunter2"}}}, ("registries", "ghcr.io", "password"), "plain-secret", True),
    ("Repository", {"libraries": {"a": {"git": "file://evil/x"}}}, ("libraries", "a", "git"), "invalid-git-url", True),
    ("Repository", {"libraries": {"a": {"git": "ext::sh -c x"}}}, ("libraries", "a", "git"), "invalid-git-url", True),
    ("Repository", {"libraries": {"a": {"git": "https://h/a", "path": "../b"}}}, ("libraries", "a", "path"), "invalid-path", True),
    ("Repository", {"paths": {"workflows": "/etc"}}, ("paths", "workflows"), "invalid-path", True),
    ("Repository", {"paths": {"workflows": "a/../b"}}, ("paths", "workflows"), "invalid-path", True),
    ("Repository", {"paths": {"workflows": ".git/hooks"}}, ("paths", "workflows"), "invalid-path", True),
    ("Repository", {"notify": [{"on": ["broke"], "to": "x"}]}, ("notify", 0, "on", 0), "literal_error", True),
    # tests
    ("Test", {"cases": []}, ("cases",), "too_short", True),
    ("Test", {"cases": [{"name": "a", "expect": {"status": "ok"}}]}, ("cases", 0, "expect", "status"), "literal_error", True),
    ("Test", {"cases": [{"name": "a", "steps": {"s": {"status": "running"}}}]}, ("cases", 0, "steps", "s", "status"), "literal_error", True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "loc", "code", "seen_by_editors"), CASES)
def test_refused(
    reader: Any, kind: str, changes: dict[str, Any], loc: tuple[str | int, ...], code: str, seen_by_editors: bool
) -> None:
    value = reader.smallest(kind, **changes)
    assert (loc, code) in reader.mistakes(value)
    assert reader.schema_accepts(value) is not seen_by_editors


def test_a_plain_secret_is_never_repeated(reader: Any) -> None:
    value = reader.smallest("Repository", secrets={"A": "hunter2"})
    with pytest.raises(ValueError, match="A") as caught:
        reader.model(value)
    assert "hunter2" not in str(caught.value)


def test_mistakes_in_different_places_are_found_together(reader: Any) -> None:
    value = reader.smallest(
        "Workflow", timeout=5, steps={"a": {"run": "x", "timout": "1s"}, "b": {"if": "maybe", "run": 3}}
    )
    assert {loc for loc, _ in reader.mistakes(value)} == {
        ("timeout",),
        ("steps", "a", "timout"),
        ("steps", "b", "if"),
        ("steps", "b", "run"),
    }  # fmt: skip
