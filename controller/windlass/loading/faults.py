"""What stops a file from being read as YAML at all.

In: nothing. Out: `Fault`, the exception that the reading stages raise, with the span, the rule and the text for
people. It has no file name: the stage that knows the file turns it into a `Problem`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.yaml_nodes import Node
from windlass.problems import START, Problem, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.loading.positions import Document


class Fault(Exception):
    """One thing wrong with the text or the YAML of one file. `node` is the YAML node, when there is one."""

    def __init__(
        self,
        rule: str,
        message: str,
        *,
        span: Span = START,
        hint: str | None = None,
        severity: Severity = "error",
        node: Node | None = None,
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.span = span
        self.hint = hint
        self.severity: Severity = severity
        self.node = node

    def problem(self, file: str, path: str = "") -> Problem:
        return Problem(file, self.span, path, self.rule, self.message, self.severity, self.hint)


class Faults(Exception):
    """Several at once: what the builder found in one walk. `document` is there when the syntax was fine."""

    document: Document | None = None

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.span.line, fault.span.column)))
