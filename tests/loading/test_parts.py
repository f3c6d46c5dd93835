"""Parts of actions: their `if` looks at the parts before it and at nothing else, nothing else is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

HEAD = "apiVersion: windlass.dev/v1\nkind: Action\nmetadata: {name: x}\ninputs: {word: {type: string}}\nrun:\n"


def found(load: Callable[..., Loaded], parts: str) -> list[tuple[int, int, str]]:
    problems = load({"actions/x/action.yaml": HEAD + parts}).problems
    return [(problem.span.line, problem.span.column, problem.rule) for problem in problems]


def test_what_is_right(load: Callable[..., Loaded]) -> None:
    parts = '  - {name: a, run: echo "$INPUT_WORD", shell: sh, env: {A: b}, timeout: 1m}\n'
    assert found(load, parts + '  - {name: b, if: "${{ always() && !success() }}", run: echo}\n') == []


@pytest.mark.parametrize(
    ("part", "column", "rule"),
    [
        ("  - {if: \"${{ inputs.word == 'a' }}\", run: x}\n", 15, "unknown-name"),
        ('  - {if: "${{ cancelled() }}", run: x}\n', 15, "function-not-allowed"),
        ('  - {run: x, env: {A: "${{ inputs.word }}"}}\n', 24, "expression-not-allowed"),
        ('  - {run: x, timeout: "${{ inputs.word }}"}\n', 24, "expression-not-allowed"),
        ('  - {run: "echo ${{ inputs.word }}"}\n', 17, "expression-in-script"),
    ],
)
def test_what_is_wrong(load: Callable[..., Loaded], part: str, column: int, rule: str) -> None:
    assert found(load, part) == [(6, column, rule)]


def test_two_of_one_name(load: Callable[..., Loaded]) -> None:
    assert found(load, "  - {name: a, run: x}\n  - {name: a, run: z}\n") == [(7, 12, "duplicate-name")]
