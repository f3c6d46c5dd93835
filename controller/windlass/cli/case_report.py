"""What `windlass test` prints: text for people, JSON for programs, JUnit XML for forges and build servers.

In: the verdicts of each test file. Out: one text each. The text shows for a case that failed what was not as expected
and the tree of the run, each step beside what was expected of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from windlass.cli.lines import for_display
from windlass.cli.summary import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from windlass.reconcile.cases import Verdict
    from windlass_schemas.testfile import Expected

NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2: what it cannot hold


@dataclass(frozen=True, slots=True)
class Report:
    """One test file; `lines` says where each case begins."""

    file: str
    workflow: str
    verdicts: tuple[Verdict, ...]
    lines: tuple[int, ...]

    @property
    def failed(self) -> int:
        return sum(not verdict.ok for verdict in self.verdicts)


def text_report(reports: Sequence[Report], *, colour: bool) -> str:
    lines: list[str] = []
    for report in reports:
        lines.append(report.file)
        for verdict, line in zip(report.verdicts, report.lines, strict=True):
            lines += _case(verdict, f"{report.file}:{line}", colour)
    total, failed = sum(len(r.verdicts) for r in reports), sum(r.failed for r in reports)
    return "\n".join([*lines, f"{_cases(total)}, {f'{failed} failed' if failed else 'all passed'}"])


def _cases(count: int) -> str:
    return f"{count} case{'s' if count != 1 else ''}"


def _case(verdict: Verdict, where: str, colour: bool) -> Iterator[str]:
    name = for_display(verdict.name, colour=False)
    if verdict.ok:
        yield f"  {_tinted('✓', '32', colour)} {name}"
        return
    yield f"  {_tinted('✗', '31', colour)} {name}  ({where})"
    for failure in verdict.failures:
        yield f"      {for_display(failure, colour=False)}"
    yield from _tree(verdict, colour)


def _tinted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _tree(verdict: Verdict, colour: bool) -> Iterator[str]:
    """The steps as they ended, with what was expected where that is something else."""
    if verdict.run is None:
        return
    steps: Mapping[str, Any] = verdict.run["steps"]
    width = max((len(name) for name in steps), default=0)
    for index, (name, step) in enumerate(steps.items()):
        branch = "└─" if index == len(steps) - 1 else "├─"
        status = f"{MARKS.get(step['status'], '·')} {step['status']}"
        words = f"{name:<{width}}  {status}" + (f" ({step['cause']})" if step["cause"] else "")
        wanted = _wanted(verdict.expected, name, step)
        if wanted is not None:
            words += _tinted(f"  ← expected: {wanted}", "33", colour)
        yield f"      {branch} {words}"


def _wanted(expected: Expected, name: str, step: Mapping[str, Any]) -> str | None:
    """What the step should have done, when it did not."""
    is_skipped = step["status"] == "skipped"
    began = not is_skipped and bool(step["startedAt"] or step["attempts"] or step["status"] != "cancelled")
    if expected.ran is not None and (name in expected.ran) != began:
        return "to run" if name in expected.ran else "not to run"
    if expected.skipped is not None and (name in expected.skipped) != is_skipped:
        return "skipped" if name in expected.skipped else "not skipped"
    return None


def json_report(reports: Sequence[Report]) -> str:
    """`{"ok", "passed", "failed", "tests": [{"file", "workflow", "cases": […]}]}`."""
    failed = sum(report.failed for report in reports)
    body = {
        "ok": failed == 0,
        "passed": sum(len(report.verdicts) for report in reports) - failed,
        "failed": failed,
        "tests": [
            {
                "file": report.file,
                "workflow": report.workflow,
                "cases": [
                    _case_object(verdict, line) for verdict, line in zip(report.verdicts, report.lines, strict=True)
                ],
            }
            for report in reports
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _case_object(verdict: Verdict, line: int) -> dict[str, Any]:
    run = verdict.run or {"status": None, "outputs": {}, "steps": {}}
    return {
        "name": verdict.name,
        "line": line,
        "ok": verdict.ok,
        "failures": list(verdict.failures),
        "expected": verdict.expected.model_dump(exclude_none=True, mode="json"),
        "status": run["status"],
        "outputs": run["outputs"],
        "steps": {name: {"status": s["status"], "cause": s["cause"]} for name, s in run["steps"].items()},
    }


def junit_report(reports: Sequence[Report]) -> str:
    """A `testsuite` for each file, in the form that GitLab, Jenkins and others read."""
    root = ElementTree.Element("testsuites", _counts([v for r in reports for v in r.verdicts]))
    for report in reports:
        suite = ElementTree.SubElement(root, "testsuite", {"name": report.file, **_counts(report.verdicts)})
        for verdict, line in zip(report.verdicts, report.lines, strict=True):
            place = {"classname": report.workflow, "file": report.file, "line": str(line)}
            one = {"name": _xml(verdict.name), **place, "time": f"{verdict.seconds:.3f}"}
            case = ElementTree.SubElement(suite, "testcase", one)
            if not verdict.ok:
                failure = ElementTree.SubElement(case, "failure", {"message": _xml(verdict.failures[0])})
                failure.text = _xml("\n".join([*verdict.failures, *_tree(verdict, False)]))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _counts(verdicts: Sequence[Verdict]) -> dict[str, str]:
    failures = sum(not verdict.ok for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    return {
        "tests": str(len(verdicts)),
        "failures": str(failures),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.3f}",
    }


def _xml(text: str) -> str:
    return NO_XML.sub("\ufffd", text)
