"""One file under examination: where its parts stand, and what else is known while it is checked.

In: the file's document and the circumstances. Out: `Problem` values at a key, a value or inside a text; the severity
is the rule's own (rules.py).
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from windlass.frozen import dataclass
from windlass.loading.checks.texts import OPEN, is_evaluated, texts
from windlass.loading.positions import written
from windlass.loading.rules import RULES
from windlass.loading.text import point
from windlass.plan.uses import target_of
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.loading.checks.texts import Path
    from windlass.loading.positions import Document
    from windlass.loading.signatures import Signature
    from windlass.problems import Span
    from windlass_schemas.repository import Repository
    from windlass_schemas.step import Step


@dataclass(frozen=True, slots=True)
class TextMistake:
    """Something wrong inside a text: offset and length in code points, None when the whole text is meant."""

    message: str
    hint: str | None = None
    offset: int | None = None
    length: int = 1


class Checkers(Protocol):
    """What is known about time, above this layer: the caller passes it in (windlass.triggers in a real program)."""

    def cron(self, line: str) -> TextMistake | None:
        """What is wrong with a cron line."""

    def zone(self, name: str) -> TextMistake | None:
        """What is wrong with the name of a time zone."""

    def dst_notes(self, line: str, zone: str) -> Sequence[str]:
        """A sentence for each change of the clocks within a year that moves or doubles a firing of a good line."""


class NoCheckers:
    """For callers that know nothing about time: cron lines and zones are taken as they are."""

    def cron(self, line: str) -> TextMistake | None:
        return None

    def zone(self, name: str) -> TextMistake | None:
        return None

    def dst_notes(self, line: str, zone: str) -> Sequence[str]:
        return ()


@dataclass(frozen=True)
class Site:
    """A file, its document, the repository's settings."""

    file: str
    document: Document
    repository: Repository | None = None
    checkers: Checkers = field(default_factory=NoCheckers)
    unsure: bool = False  # windlass.yaml is broken: what it would have named is not known
    signatures: Mapping[str, Signature] = field(default_factory=dict)  # of what may be used, by target

    def signature(self, step: Step) -> Signature | None:
        """Of what a step uses; None when it uses nothing, or nothing that is known."""
        return self.signatures.get(target_of(step.uses)) if step.uses is not None else None

    @property
    def value(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document.value
        return found

    @cached_property
    def texts(self) -> list[tuple[Path, str]]:
        """Every text with an expression, in written order: walked once for all checks."""
        return list(texts(self.value, ())) if OPEN in self.document.text else []

    @cached_property
    def texts_of_steps(self) -> dict[Path, list[tuple[Path, str]]]:
        """Those that steps evaluate, by the path of the step."""
        found: dict[Path, list[tuple[Path, str]]] = {}
        for path, text in self.texts:
            if path[0] in ("steps", "finally") and is_evaluated(path):
                found.setdefault(path[:2], []).append((path, text))
        return found

    def at_key(self, path: Path, rule: str, message: str, hint: str | None = None) -> Problem:
        return self._problem(self.document.key_span(path), path, rule, message, hint)

    def at_value(self, path: Path, rule: str, message: str, hint: str | None = None) -> Problem:
        return self._problem(self.document.value_span(path), path, rule, message, hint)

    def in_text(self, path: Path, rule: str, mistake: TextMistake) -> Problem:
        if mistake.offset is None:
            return self.at_value(path, rule, mistake.message, mistake.hint)
        span = self.document.inside(path, mistake.offset, mistake.length)
        return self._problem(span, path, rule, mistake.message, mistake.hint)

    def in_file(self, offset: int, rule: str, message: str, hint: str | None = None) -> Problem:
        """At a character of the file, wherever it stands."""
        return self._problem(point(self.document.text, offset), (), rule, message, hint)

    def _problem(self, span: Span, path: Path, rule: str, message: str, hint: str | None) -> Problem:
        return Problem(self.file, span, written(path), rule, message, RULES[rule].severity, hint)
