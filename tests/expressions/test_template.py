"""A text taken apart: where expressions begin and end, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.expressions import Expr, Literal, TemplateError, parse_template


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("plain", []),
        ("${{ a }}", ["a"]),
        ("${{a}}", ["a"]),
        ("x ${{ a }} y ${{ b }}", ["a", "b"]),
        ("${{ '}}' }}", ["'}}'"]),
        ('${{ "}}" }}', ['"}}"']),
        ("${{ 'it\\'s }}' }}", ["'it\\'s }}'"]),
        ("${{ r'\\' }}", ["r'\\'"]),
        ("${{ '''a'}}'b''' }}", ["'''a'}}'b'''"]),
        ("${{ {'a': {'b': 1}} }}", ["{'a': {'b': 1}}"]),
        ("${{ {'a': '}'} }}", ["{'a': '}'}"]),
        ("$${{ a }}", ["a"]),
        ("{{ a }}", []),
        ("${ a }", []),
        ("${{\n  a\n}}", ["a"]),
    ],
)
def test_expressions_end_where_they_should(text: str, sources: list[str]) -> None:
    assert [expression.source for expression in parse_template(text).expressions] == sources


def test_offsets_are_those_of_the_first_character() -> None:
    text = "é😀 ${{  a + b  }}${{c}}"
    for expression in parse_template(text).expressions:
        assert text[expression.offset : expression.offset + len(expression.source)] == expression.source


def test_a_text_keeps_what_stands_around() -> None:
    assert parse_template("a ${{ b }} c").parts == (Literal("a "), Expr("b", 6), Literal(" c"))


@pytest.mark.parametrize(
    ("text", "pure"), [("${{ a }}", True), (" ${{ a }}\n", True), ("x${{ a }}", False), ("a", False)]
)
def test_only_a_lone_expression_is_pure(text: str, pure: bool) -> None:
    assert parse_template(text).is_pure is pure


@pytest.mark.parametrize(
    ("text", "offset", "rule"),
    [
        ("ab ${{ c", 3, "expression-syntax"),
        ("${{ a }", 0, "expression-syntax"),
        ("${{ }}", 0, "expression-syntax"),
        ("x${{}}", 1, "expression-syntax"),
        ("${{ 'a }}", 4, "expression-syntax"),
        ("${{ 'a\n' }}", 4, "expression-syntax"),
        ("${{ '''a }}", 4, "expression-syntax"),
        ("${{ a " + " " * 20_000 + "}}", 0, "expression-too-large"),
        ("${{ '" + "a" * 20_000 + "' }}", 4, "expression-too-large"),
    ],
)
def test_a_broken_text_is_refused_at_its_place(text: str, offset: int, rule: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    assert (caught.value.offset, caught.value.rule) == (offset, rule)


@given(st.text(alphabet="${}'\"rab\\ \n.é", max_size=60))
def test_no_text_crashes_and_none_loses_a_character(text: str) -> None:
    try:
        template = parse_template(text)
    except TemplateError as error:
        assert 0 <= error.offset < len(text)
        return
    for expression in template.expressions:
        assert text[expression.offset : expression.offset + len(expression.source)] == expression.source
    literals = "".join(part.text for part in template.parts if isinstance(part, Literal))
    assert len(literals) + sum(len(found.source) + 5 for found in template.expressions) <= len(text)
