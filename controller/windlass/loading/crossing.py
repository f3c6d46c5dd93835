"""Checks over files: names that two files claim, what tests and triggers refer to; `uses` is in crossing_uses.

In: the results of all files. Out: problems, each at the entry that refers. Two workflows of one name refuse each other
(catalogue Y16): there is no "last wins".
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from windlass.loading.crossing_uses import check_uses
from windlass.loading.rules import RULES
from windlass.nearest import did_you_mean
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.loading.examine import FileResult
    from windlass.loading.facts import Facts, Mention
    from windlass.loading.libraries import Libraries
    from windlass_schemas.repository import Repository


def check_crossing(
    results: Sequence[FileResult], settings: Repository | None, libraries: Libraries | None = None
) -> list[Problem]:
    checked = [(result, result.facts) for result in results if result.facts is not None and result.kind != "Example"]
    problems = [*_duplicates(checked), *_hooks(checked), *_mentions(checked, results)]
    return [*problems, *check_uses(results, settings, problems, libraries)]


def _problem(file: str, mention: Mention, rule: str, message: str, hint: str | None = None) -> Problem:
    return Problem(file, mention.span, mention.path, rule, message, RULES[rule].severity, hint)


def _duplicates(checked: Sequence[tuple[FileResult, Facts]]) -> Iterator[Problem]:
    owners: dict[tuple[str, str], list[tuple[FileResult, Facts]]] = defaultdict(list)
    for result, facts in checked:
        if result.kind in ("Workflow", "Action"):
            owners[result.kind, facts.name].append((result, facts))
    for (kind, name), claims in owners.items():
        for result, facts in claims if len(claims) > 1 else ():
            others = ", ".join(other.path for other, _ in claims if other is not result)
            message = f"another {kind.lower()} is called {name}: {others}"
            hint = "rename one; until then neither is used"
            yield Problem(result.path, facts.name_span, "metadata.name", "duplicate-name", message, hint=hint)


def _hooks(checked: Sequence[tuple[FileResult, Facts]]) -> Iterator[Problem]:
    first: dict[str, tuple[str, str]] = {}
    for result, facts in checked:
        for mention, verify in facts.hooks:
            owner, known = first.setdefault(mention.text, (result.path, verify))
            if known != verify and owner != result.path:
                message = f"the hook {mention.text} has another verify in {owner}"
                yield _problem(
                    result.path, mention, "webhook-mismatch", message, "use the same verify, or another name"
                )


def _mentions(checked: Sequence[tuple[FileResult, Facts]], results: Sequence[FileResult]) -> Iterator[Problem]:
    names = {_name(result) for result in results if result.kind == "Workflow"}
    for result, facts in checked:
        for mention in facts.workflows:
            if "/" not in mention.text and mention.text not in names:
                hint = did_you_mean(mention.text, {name for name in names if name})
                yield _problem(result.path, mention, "unknown-workflow", f"there is no workflow {mention.text}", hint)


def _name(result: FileResult) -> str | None:
    return result.facts.name if result.facts is not None else result.claimed
