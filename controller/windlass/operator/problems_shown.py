"""Problems of files as a status shows them: counted, and the first few. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHOWN = 10
LONGEST = 512  # characters of one message


def problems_shown(problems: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`errors`, `warnings` and `problems` of a status; the errors come first."""
    found = list(problems)
    by_severity = {kind: [one for one in found if one["severity"] == kind] for kind in ("error", "warning", "note")}
    return {
        "errors": len(by_severity["error"]),
        "warnings": len(by_severity["warning"]),
        "problems": [_shown(one) for one in [*by_severity["error"], *by_severity["warning"]][:SHOWN]],
    }


def _shown(problem: Mapping[str, Any]) -> dict[str, Any]:
    names = ("file", "line", "column", "severity", "rule")
    return {**{name: problem[name] for name in names}, "message": problem["message"][:LONGEST]}


def first_error(problems: Iterable[Mapping[str, Any]]) -> str | None:
    """`FILE:LINE:COLUMN: MESSAGE` of the first error, and how many more there are."""
    errors = [problem for problem in problems if problem["severity"] == "error"]
    if not errors:
        return None
    one = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{one['file']}:{one['line']}:{one['column']}: {one['message'][:LONGEST]}{more}"
