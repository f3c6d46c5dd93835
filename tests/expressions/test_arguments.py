"""What a function is called with, as written: the places count characters of the whole text."""

from __future__ import annotations

import pytest

from windlass.expressions import calls_of


def arguments(text: str) -> list[list[tuple[str, str | None]]]:
    for call in calls_of(text, "f"):
        for argument in call.arguments:
            assert text[argument.start :].startswith(argument.source)
        assert text[call.start] == "f"
    return [[(a.source, a.literal) for a in call.arguments] for call in calls_of(text, "f")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f('a')", []),
        ("${{ f('a') }}", [[("'a'", "a")]]),
        ("x ${{ f( 'a' ,\"b,c\" ) + f() }} y", [[("'a'", "a"), ('"b,c"', "b,c")], [("", None)]]),
        ("${{ f(g(['a', 'b'][0], {'k': 1}), 'c') }}", [[("g(['a', 'b'][0], {'k': 1})", None), ("'c'", "c")]]),
        ("${{ f('a' + f('b')) }}", [[("'a' + f('b')", None)], [("'b'", "b")]]),
        ("${{ x.f('a') }}", []),
        ("${{ 'f(1)' }}", []),
        (r"${{ f('a\n') }}", [[(r"'a\n'", None)]]),
        ("${{ f( }}", []),
        ("${{ f('a') ", []),
    ],
)
def test_calls(text: str, expected: list[list[tuple[str, str | None]]]) -> None:
    assert arguments(text) == expected


def test_what_an_argument_names() -> None:
    (call,) = calls_of("${{ inputs.all.map(x, f(x, inputs.a-b, now(), 'x')) }}", "f")
    assert [(a.names, a.functions) for a in call.arguments] == [
        (("x",), ()),
        (("inputs.a-b",), ()),
        ((), ("now",)),
        ((), ()),
    ]
