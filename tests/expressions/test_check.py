"""Mistakes of expressions, each at its exact token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.expressions import Scope, Type, check, declared_type

SCOPE = Scope(
    {
        "inputs.replicas": Type.INT,
        "inputs.environment": Type.STRING,
        "inputs.ratio": Type.DOUBLE,
        "inputs.dry-run": Type.BOOL,
        "inputs.limit": Type.INT.or_null(),
        "inputs.note": Type.STRING.or_null(),
        "inputs.parts": Type.list_of(Type.STRING),
        "steps.build-image.status": Type.STRING,
        "steps.build-image.outputs.tag": Type.STRING,
        "event.body": Type.DYN,
        "event.headers": Type.MAP,
        "item": Type.DYN,
    },
    absent={"steps.deploy": "step `deploy` does not run before this one"},
)
SECRETS = Scope({"secrets.KEY": Type.SECRET, "inputs.token": Type.SECRET, "inputs.a": Type.STRING})


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "${{ inputs.replicas + 1 }}",
        "${{ inputs.replicas-1 }}",  # a declared name wins, and `replicas-1` is none
        "${{ inputs.dry-run && true }}",
        "${{ steps.build-image.outputs.tag.startsWith('v') }}",
        "${{ steps['build-image'].outputs['tag'] }}",
        "${{ toJson(steps.build-image.outputs) }}",
        "${{ event.body.a.b[0].c == 'x' && has(event.body.z) }}",
        "${{ event.headers['x-deployer'] }}",
        "${{ inputs.limit == null || inputs.limit > 3 }}",
        "${{ inputs.note == null ? 'none' : inputs.note }}",
        "${{ has(inputs.limit) }}",
        "${{ inputs.parts.map(p, p.upperAscii()).join(', ') }}",
        "${{ 'web' in inputs.parts }}",
        "${{ inputs.parts.all(item, item != '') }}",
        "${{ format('{0} of {1}', 1, [2]) }}",
        "${{ fromJson(event.body).x + 1 }}",
        "${{ hashFiles('a', 'b') + now() }}",
        "${{ inputs.environment.matches('^a+$') ? 1 : 2 }}",
        "${{ type(item) == string }}",
    ],
)
def test_what_is_right_passes(text: str) -> None:
    assert check(text, SCOPE) == []


@pytest.mark.parametrize(
    ("text", "token", "rule", "hint"),
    [
        ("${{ inputs.replicaz }}", "inputs.replicaz", "unknown-name", "did you mean inputs.replicas?"),
        ("${{ inputs.dry_run }}", "inputs.dry_run", "unknown-name", "did you mean inputs.dry-run?"),
        ("a ${{ 1 }} ${{ input.replicas }}", "input", "unknown-name", "did you mean inputs?"),
        (
            "${{ steps.build-imag.outputs.tag }}",
            "steps.build-imag",
            "unknown-name",
            "did you mean steps.build-image?",
        ),
        (
            "${{ steps.build-image.outputs['tags'] }}",
            "steps.build-image.outputs['tags']",
            "unknown-name",
            "did you mean steps.build-image.outputs.tag?",
        ),
        ("${{ steps.deploy.outputs.url }}", "steps.deploy", "unknown-name", None),
        ("${{ production }}", "production", "unknown-name", "a text is written in quotes: 'production'"),
        ("${{ has(inputs.nope) }}", "inputs.nope", "unknown-name", None),
        ("${{ matrix.x }}", "matrix.x", "unknown-name", None),
        ("${{ [1].map(x, y) }}", "y", "unknown-name", None),
        ("${{ inputs.environment == 3 }}", "==", "expression-type", None),
        ("${{ inputs.environment + 3 }}", "+", "expression-type", "write string(…) around what is no text"),
        ("${{ 'é😀' +\n 3 }}", "+", "expression-type", None),
        ("${{ inputs.ratio > 1 }}", ">", "expression-type", None),
        ("${{ 1 in inputs.parts }}", "in", "expression-type", None),
        ("${{ inputs.replicas ? 1 : 2 }}", "?", "expression-type", None),
        ("${{ true ? 'a' : 1 }}", "?", "expression-type", None),
        ("${{ !inputs.replicas }}", "!", "expression-type", None),
        ("${{ inputs.replicas.foo }}", "foo", "expression-type", None),
        ("${{ inputs.parts.map(p, p + 1) }}", "+", "expression-type", None),
        ("${{ size(1) }}", "size", "expression-type", None),
        ("${{ format(1) }}", "format", "expression-type", None),
        ("${{ hashFiles() }}", "hashFiles", "expression-type", None),
        ("${{ type(1) }}", "type(1)", "expression-type", None),
        ("${{ success() }}", "success", "function-not-allowed", None),
        ("${{ toJSON(item) }}", "toJSON", "unknown-function", "did you mean toJson?"),
        ("${{ contains(item, 'a') }}", "contains", "unknown-function", "write x.contains(…)"),
        ("${{ item.format([1]) }}", "format", "unknown-function", "write format('{0} of {1}', a, b)"),
        ("${{ inputs.environment = 'a' }}", "=", "expression-syntax", "write `==` to compare"),
        ("${{ item and true }}", "and", "expression-syntax", "write `&&`"),
        ("${{ (1 }}", "(", "expression-syntax", None),
        ("${{ 1 ) }}", ")", "expression-syntax", None),
        ("${{ 1 + }}", "+", "expression-syntax", None),
        ("${{ inputs. }}", ".", "expression-syntax", None),
        ("${{ .item }}", ".", "expression-syntax", None),
        ("${{ item // why }}", "//", "expression-syntax", None),
        ("${{ Foo{a: 1} }}", "Foo", "expression-syntax", None),
        ("${{ if }}", "if", "expression-syntax", None),
        ("${{ [1].map(_x, 1) }}", "_x", "expression-syntax", None),
        ("${{ inputs.environment", "${{", "expression-syntax", None),
        ("${{ secrets.KEY }}", "secrets.KEY", "secret-not-allowed", None),
        ("${{ " + "+".join("1" * 40) + " }}", "+".join("1" * 40), "expression-too-large", None),
    ],
)
def test_a_mistake_stands_at_its_token(text: str, token: str, rule: str, hint: str | None) -> None:
    mistakes = check(text, SCOPE)
    assert [(found.rule, text[found.offset : found.offset + found.length]) for found in mistakes] == [(rule, token)]
    if hint is not None:
        assert mistakes[0].hint == hint


def test_every_mistake_is_reported_in_order() -> None:
    found = check("${{ inputs.nope + steps.nope.status }} ${{ 1 + 'a' }} ${{ succes() }}", SCOPE)
    assert [mistake.rule for mistake in found] == [
        "unknown-name",
        "unknown-name",
        "expression-type",
        "unknown-function",
    ]
    assert [mistake.offset for mistake in found] == sorted(mistake.offset for mistake in found)


def test_a_name_that_is_not_there_yet_says_why() -> None:
    assert check("${{ steps.deploy.status }}", SCOPE)[0].message == "step `deploy` does not run before this one"


@pytest.mark.parametrize(
    ("text", "want", "right"),
    [
        ("${{ inputs.replicas }}", Type.INT, True),
        ("${{ inputs.replicas }}", Type.DOUBLE, True),
        ("${{ inputs.ratio }}", Type.INT, False),
        ("${{ inputs.environment }}", Type.INT, False),
        ("${{ inputs.replicas }}", Type.STRING, False),
        ("n${{ inputs.replicas }}", Type.STRING, True),
        ("n${{ inputs.replicas }}", Type.INT, False),
        ("${{ inputs.limit }}", Type.INT, True),
        ("${{ item }}", Type.BOOL, True),
        ("${{ inputs.parts }}", Type.LIST, True),
        ("${{ inputs.parts }}", Type.list_of(Type.INT), False),
        ("${{ inputs.replicas > 1 }}", Type.BOOL, True),
        ("${{ timestamp('2026-01-01T00:00:00Z') }}", Type.STRING, True),
        ("${{ null }}", Type.INT.or_null(), True),
        ("${{ null }}", Type.INT, False),
        ("production", Type.STRING, True),
        ("production", Type.BOOL, False),
    ],
)
def test_the_wanted_type_is_checked(text: str, want: Type, right: bool) -> None:
    assert [found.rule for found in check(text, SCOPE, want)] == ([] if right else ["expression-type"])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("${{ secrets.KEY }}", True),
        ("Bearer ${{ secrets.KEY }}", True),
        ("${{ inputs.token }}", True),
        ("${{ inputs.a == 'x' ? secrets.KEY : inputs.token }}", True),
        ("${{ secrets.KEY == 'x' }}", False),
        ("${{ secrets.KEY == secrets.KEY }}", False),
        ("${{ secrets.KEY == secrets.KEY ? secrets.KEY : inputs.token }}", False),
        ("${{ [secrets.KEY] == [inputs.token] }}", False),
        ("${{ 'Bearer ' + secrets.KEY }}", False),
        ("${{ secrets.KEY.startsWith('a') }}", False),
        ("${{ toJson(secrets) }}", False),
        ("${{ toJson(secrets.KEY) }}", False),
        ("${{ toJson(inputs) }}", False),
        ("${{ inputs[inputs.a] }}", False),
        ("${{ has(secrets.KEY) }}", False),
        ("${{ secrets['KEY'] }}", True),
    ],
)
def test_a_secret_is_only_passed_on_whole(text: str, right: bool) -> None:
    assert (check(text, SECRETS) == []) is right


def test_a_place_may_hold_secrets_though_none_is_declared() -> None:
    scope = Scope({}, secrets=True)
    assert [found.rule for found in check("${{ secrets.KEY }}", scope)] == ["unknown-name"]
    assert [found.rule for found in check("${{ secrets.KEY }}", Scope({}))] == ["secret-not-allowed"]


def test_a_shorter_declared_name_makes_a_subtraction() -> None:
    both = Scope({"inputs.a": Type.INT, "inputs.a-b": Type.STRING, "inputs.b": Type.INT})
    assert check("${{ inputs.a-b }}", both, Type.STRING) == []
    assert check("${{ inputs.a-1 }}", both, Type.INT) == []
    assert check("${{ inputs.a - inputs.b }}", both, Type.INT) == []


def test_a_place_says_itself_why_it_takes_no_secret() -> None:
    scope = Scope({"inputs.token": Type.SECRET}, secrets=False, absent={"secrets": "a title is public"})
    for text in ("${{ secrets.KEY }}", "${{ inputs.token }}"):
        assert [(found.rule, found.message) for found in check(text, scope)] == [
            ("secret-not-allowed", "a title is public")
        ]


@pytest.mark.parametrize(
    ("word", "items", "type_"),
    [
        ("integer", None, Type.INT),
        ("number", None, Type.DOUBLE),
        ("array", None, Type.LIST),
        ("array", "string", Type.list_of(Type.STRING)),
        ("secret", None, Type.SECRET),
        ("nonsense", None, Type.DYN),
    ],
)
def test_declared_words_are_types(word: str, items: str | None, type_: Type) -> None:
    assert declared_type(word, items) == type_


WORDS = [
    "inputs.replicas", "item", "(", ")", "[", "]", "{", "}", ".", ",", "'a'", "1", "+", "-", " ", "\n", "&&", "?", ":",
    "has", "map", "success", "x", "é", "secrets", "!", "in", "null",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_no_expression_crashes_the_check(words: list[str]) -> None:
    text = "${{ " + "".join(words) + " }}"
    for mistake in check(text, SCOPE):
        assert 0 <= mistake.offset < len(text)
        assert mistake.length > 0
        assert mistake.message
