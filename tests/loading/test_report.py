"""Reports: the text for people, and the three formats for programs."""

from __future__ import annotations

import json

from windlass.loading.report import github_report, json_report, sarif_report, text_report
from windlass.problems import Problem, Span

SOURCE = "steps:\n  build:\n    uses: std/http-requets\n\tx: \x1b[31m red\n"
WRONG = Problem(
    "workflows/a.yaml", Span(3, 11, 3, 27), "steps.build.uses", "unknown-action", "no such action",
    hint="did you mean std/http-request?",
)  # fmt: skip
NOTE = Problem("workflows/b.yaml", Span(1, 1, 1, 1), "", "dst-change", "50%: a, b\nc", "note")


def test_text_underlines_the_token() -> None:
    assert text_report([WRONG], source=lambda _: SOURCE) == (
        "workflows/a.yaml:3:11: error: no such action [unknown-action]\n"
        "        uses: std/http-requets\n"
        "              ^^^^^^^^^^^^^^^^\n"
        "  hint: did you mean std/http-request?"
    )


def test_text_without_a_source_is_one_line() -> None:
    assert text_report([NOTE]) == "workflows/b.yaml:1:1: note: 50%: a, b\\nc [dst-change]"


def test_a_line_with_a_plain_secret_is_not_shown_by_any_problem_of_it() -> None:
    line = "secrets: {A: hunter2, B: ref+exec://rm}"
    plain = Problem("windlass.yaml", Span(1, 14, 1, 21), "secrets.A", "plain-secret", "a")
    beside = Problem("windlass.yaml", Span(1, 26, 1, 39), "secrets.B", "secret-backend", "b")
    elsewhere = Problem("other.yaml", Span(1, 26, 1, 39), "secrets.B", "secret-backend", "b")
    assert "hunter2" not in text_report([beside, plain], source=lambda _: line)
    assert "ref+exec" in text_report([elsewhere, plain], source=lambda _: line)


def test_tabs_and_control_characters_keep_the_marks_in_place() -> None:
    problem = Problem("a.yaml", Span(4, 11, 4, 14), "", "unknown-key", "x")
    lines = text_report([problem], source=lambda _: SOURCE).split("\n")
    assert lines[1] == "    \tx: \\x1b[31m red"
    assert lines[2].index("^") == lines[1].index("red")
    assert lines[2].count("^") == 3


def test_a_very_long_line_is_cut_around_the_token() -> None:
    line = "x" * 5000 + "HERE" + "y" * 5000
    shown = text_report([Problem("a", Span(1, 5001, 1, 5005), "", "r", "m")], source=lambda _: line).split("\n")
    at = shown[2].index("^")
    assert shown[1][at : at + 4] == "HERE"
    assert len(shown[1]) < 200


def test_colours_only_when_asked() -> None:
    assert "\x1b" not in text_report([WRONG], source=lambda _: SOURCE)
    assert "\x1b[1;31m" in text_report([WRONG], color=True, source=lambda _: SOURCE)


def test_json() -> None:
    body = json.loads(json_report([WRONG], files=12, ok=False))
    assert body == {
        "files": 12,
        "ok": False,
        "problems": [
            {
                "file": "workflows/a.yaml", "line": 3, "column": 11, "endLine": 3, "endColumn": 27,
                "path": "steps.build.uses", "rule": "unknown-action", "severity": "error",
                "message": "no such action", "hint": "did you mean std/http-request?",
            }
        ],
    }  # fmt: skip


def test_github_escapes_its_own_syntax() -> None:
    first, second = github_report([WRONG, NOTE]).splitlines()
    assert first.startswith("::error file=workflows/a.yaml,line=3,col=11,endLine=3,endColumn=27,title=unknown-action::")
    assert second.endswith("::50%25: a, b%0Ac")
    assert second.startswith("::notice ")


def test_sarif_names_rules_and_regions() -> None:
    log = json.loads(sarif_report([WRONG, NOTE]))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["dst-change", "unknown-action"]
    result = run["results"][0]
    assert result["ruleIndex"] == 1
    assert result["locations"][0]["physicalLocation"]["region"]["endColumn"] == 27
