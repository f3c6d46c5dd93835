"""A page for each rule of `windlass check`, made from the rule itself and from the catalogue of bad inputs.

In: `loading/rules.py`, and the fixtures whose expected problems name the rule. Out: pages by their path below docs/:
what the rule says, why, and the smallest file of the catalogue that breaks it with what is said about that file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from windlass.loading.rules import RULES, Rule

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests/loading/fixtures"
FOLDER = "docs/reference/rules"
MOST_LINES, LONGEST_LINE = 30, 140  # of a file that is shown
_EXPECTED = re.compile(r"(\d+):(\d+)-(\d+) (\w+) ([a-z0-9.-]+): (.*)")


class Said(NamedTuple):
    """One problem, as NAME.expect has it."""

    line: int
    column: int
    end: int
    severity: str
    rule: str
    message: str


def rule_pages(note: str) -> dict[str, str]:
    """Page texts by path; `note` says that they are generated."""
    catalogue = [_read(path) for path in sorted(FIXTURES.glob("*.expect"))]
    return {f"{FOLDER}/{name}.md": _page(rule, note, catalogue) for name, rule in RULES.items()}


def _read(path: Path) -> tuple[str, str, list[Said]]:
    """Name, text ("" when it cannot be shown) and problems of one bad input."""
    said = [_said(match) for match in map(_EXPECTED.fullmatch, path.read_text(encoding="utf-8").splitlines()) if match]
    text = path.with_suffix(".yaml").read_bytes().decode("utf-8", "replace")
    lines = text.removesuffix("\n").split("\n")
    fits = len(lines) <= MOST_LINES and max(map(len, lines)) <= LONGEST_LINE
    return path.stem, text if fits and all(line.isprintable() and "\ufffd" not in line for line in lines) else "", said


def _said(match: re.Match[str]) -> Said:
    return Said(int(match[1]), int(match[2]), int(match[3]), match[4], match[5], match[6])


def _page(rule: Rule, note: str, catalogue: list[tuple[str, str, list[Said]]]) -> str:
    parts = [f"# {rule.name}\n", note, f"**{rule.severity}**: {rule.summary}.\n", f"{rule.explanation}\n"]
    shown = [one for one in catalogue if one[1] and any(problem.rule == rule.name for problem in one[2])]
    if shown:
        # The fewer other problems and lines, the better an example.
        parts.append(_example(rule, *min(shown, key=lambda one: (len(one[2]), len(one[1])))))
    parts.append(f"On the command line: `windlass explain rule {rule.name}`. All rules: [the list](../rules.md).\n")
    return "\n".join(parts)


def _example(rule: Rule, name: str, text: str, said: list[Said]) -> str:
    lines = text.split("\n")
    told = [
        f"{name}.yaml:{one.line}:{one.column}: {one.severity}: {one.message} [{one.rule}]\n"
        f"    {lines[one.line - 1]}\n    {' ' * (one.column - 1)}{'^' * max(1, one.end - one.column)}"
        for one in said
        if one.rule == rule.name
    ]
    return "\n".join(
        [
            "## A file that breaks it\n",
            f"```yaml\n{text.removesuffix(chr(10))}\n```\n",
            "What `windlass check` says:\n",
            "```text\n" + "\n".join(told) + "\n```\n",
        ]
    )
