"""What is wrong with a file that a user wrote.

In: nothing. Out: the `Problem` value that loading, planning and checking report, and its order.
A problem always points at the exact token: lines and columns count from 1, columns count Unicode code
points (a tab is one), `end_column` is exclusive, a quoted scalar begins at its quote (fine print, "Command
line"). The text that renders problems for people and machines is in `loading/report.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a token stands: 1-based line and column, the end column exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, which rule, what, and what to do about it."""

    file: str  # relative to the repository root, with forward slashes
    span: Span
    path: str  # `steps.build.uses`, `triggers.schedule[0].cron`; "" when the whole file is meant
    rule: str  # kebab-case, from loading/rules.py
    message: str
    severity: Severity = "error"
    hint: str | None = None

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """By place; what stands at one place in an order that is always the same."""
        return (self.file, self.span.line, self.span.column, self.rule, self.message)

    def to_json(self) -> dict[str, Any]:
        """The object of `windlass check --output json` (interfaces.md)."""
        return {
            "file": self.file,
            "line": self.span.line,
            "column": self.span.column,
            "endLine": self.span.end_line,
            "endColumn": self.span.end_column,
            "path": self.path,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
        }


def in_order(problems: list[Problem]) -> list[Problem]:
    """Sorted by file, line and column, without exact duplicates."""
    return sorted(set(problems), key=lambda problem: problem.order)


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)
