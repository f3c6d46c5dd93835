"""Problems → text for people, JSON for programs, and the two formats that forges show beside the code.

In: problems in order, and a way to get at the text of a file. Out: one text each. Formats: interfaces.md
("Command line"), SARIF 2.1.0 (OASIS), GitHub's workflow commands. Control characters of a file never reach a terminal.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from windlass import __version__
from windlass.loading.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from windlass.problems import Problem

    Source = Callable[[str], str | None]

WIDEST = 160
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}
_BOLD, _PLAIN, _FAINT = "\x1b[1m", "\x1b[0m", "\x1b[2m"
_SECRETS = {"plain-secret", "secret-default"}
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}


def text_report(problems: Sequence[Problem], *, color: bool = False, source: Source | None = None) -> str:
    """`file:line:column: severity: message [rule]`, the line with the token underlined, and the hint."""
    lines_of, unshown = _lines_by_file(source), _lines_with_secrets(problems)
    return "\n".join(
        _block(problem, [] if (problem.file, problem.span.line) in unshown else lines_of(problem.file), color)
        for problem in problems
    )


def _lines_with_secrets(problems: Sequence[Problem]) -> set[tuple[str, int]]:
    """What stands there may be a secret in plain text, and reports end up in logs."""
    spans = [(problem.file, problem.span) for problem in problems if problem.rule in _SECRETS]
    return {(file, line) for file, span in spans for line in range(span.line, span.end_line + 1)}


def _lines_by_file(source: Source | None) -> Callable[[str], list[str]]:
    @lru_cache(maxsize=8)
    def lines_of(file: str) -> list[str]:
        text = source(file) if source is not None else None
        return (text or "").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")

    return lines_of


def _block(problem: Problem, lines: list[str], color: bool) -> str:
    span = problem.span
    where = f"{printable(problem.file)}:{span.line}:{span.column}"
    said = printable(problem.message)
    tint, bold, faint, plain = (_COLOURS[problem.severity], _BOLD, _FAINT, _PLAIN) if color else ("", "", "", "")
    block = [f"{bold}{where}:{plain} {tint}{problem.severity}:{plain} {said} {faint}[{problem.rule}]{plain}"]
    if 0 < span.line <= len(lines) and lines[span.line - 1].strip():
        shown, marks = _underlined(lines[span.line - 1], span.column - 1, _width(problem))
        block += [f"    {shown}", f"    {tint}{marks}{plain}"]
    if problem.hint is not None:
        block.append(f"  hint: {printable(problem.hint)}")
    return "\n".join(block)


def _width(problem: Problem) -> int:
    span = problem.span
    return max(1, span.end_column - span.column) if span.end_line == span.line else 1


def _underlined(line: str, start: int, width: int) -> tuple[str, str]:
    """The line, cut where it is very long, and `^^^^` under the token; a tab keeps its width in both."""
    left = max(0, min(start - WIDEST // 2, len(line) - WIDEST)) if len(line) > WIDEST else 0
    cut = line[left : left + WIDEST]
    start -= left
    before = "".join("\t" if char == "\t" else " " * _columns(char) for char in cut[:start])
    token = cut[start : start + width]
    marks = sum(_columns(char) for char in token) or 1
    return "\t".join(map(printable, cut.split("\t"))), before + "^" * marks


def _columns(char: str) -> int:
    return 1 if char == "\t" else len(printable(char))


def printable(text: str) -> str:
    """The text with everything that is not printable escaped: nothing of a file may steer a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def json_report(problems: Iterable[Problem], *, files: int, ok: bool) -> str:
    """The object of `windlass check --output json`."""
    body = {"files": files, "ok": ok, "problems": [problem.to_json() for problem in problems]}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def github_report(problems: Iterable[Problem]) -> str:
    """Workflow commands: GitHub shows each beside its line."""
    return "".join(f"{_command(problem)}\n" for problem in problems)


def _command(problem: Problem) -> str:
    span = problem.span
    properties = {
        "file": problem.file,
        "line": span.line,
        "col": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "title": problem.rule,
    }
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = problem.message if problem.hint is None else f"{problem.message} ({problem.hint})"
    return f"::{_GITHUB[problem.severity]} {said}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def sarif_report(problems: Sequence[Problem]) -> str:
    """SARIF 2.1.0, as code scanning reads it; columns count Unicode code points."""
    names = sorted({problem.rule for problem in problems})
    driver = {
        "name": "windlass",
        "version": __version__,
        "rules": [_sarif_rule(name) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(problem, names.index(problem.rule)) for problem in problems],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _sarif_rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name)
    said: dict[str, Any] = {"id": name}
    if rule is not None:
        said["shortDescription"] = {"text": rule.summary}
        said["fullDescription"] = {"text": rule.explanation}
        said["defaultConfiguration"] = {"level": rule.severity}
    return said


def _sarif_result(problem: Problem, index: int) -> dict[str, Any]:
    from urllib.parse import quote

    span = problem.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    message = problem.message if problem.hint is None else f"{problem.message}\n{problem.hint}"
    return {
        "ruleId": problem.rule,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": message},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(problem.file)}, "region": region}},
        ],
    }
