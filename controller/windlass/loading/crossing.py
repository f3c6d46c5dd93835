"""Checks over files: names that two files claim, what `uses`, tests and triggers refer to.

In: the results of all files. Out: problems, each at the entry that refers. Two workflows of one name refuse each other
(catalogue Y16): there is no "last wins".
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from windlass.loading.checks.graph import circles
from windlass.loading.rules import RULES
from windlass.nearest import did_you_mean
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.loading.examine import FileResult
    from windlass.loading.facts import Facts, Mention
    from windlass_schemas.repository import Repository

STD = "std"  # the library that is built in


def check_crossing(results: Sequence[FileResult], settings: Repository | None) -> list[Problem]:
    checked = [(result, result.facts) for result in results if result.facts is not None and result.kind != "Example"]
    for_uses = [(result, result.facts) for result in results if result.facts is not None and result.facts.uses]
    problems = [*_duplicates(checked), *_hooks(checked), *_mentions(checked, results)]
    if for_uses:
        problems += [*_uses(for_uses, results, settings), *_nesting(results)]
    return problems


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


def _uses(
    users: Sequence[tuple[FileResult, Facts]], results: Sequence[FileResult], settings: Repository | None
) -> Iterator[Problem]:
    targets = _targets(results)
    libraries = {STD, *(settings.libraries if settings is not None else ())}
    unseen = set(libraries) - {STD}
    for result, facts in users:
        for mention in facts.uses:
            if mention.text.startswith("./"):
                yield from _local(result.path, mention, targets)
                continue
            library = mention.text.partition("/")[0]
            if library not in libraries:
                hint = did_you_mean(library, libraries)
                yield _problem(result.path, mention, "unknown-action", f"there is no library {library}", hint)
            elif library in unseen:
                unseen.discard(library)
                message = f"the library {library} is not in the cache, so what it offers is not checked"
                yield _problem(result.path, mention, "library-not-checked", message)


def _targets(results: Sequence[FileResult]) -> dict[str, FileResult]:
    """What `uses: ./…` may say: the folder of an action, the file of a workflow."""
    targets = {}
    for result in results:
        if result.kind == "Action":
            targets["./" + result.path.rpartition("/")[0]] = result
        elif result.kind == "Workflow":
            targets["./" + result.path] = result
    return targets


def _local(file: str, mention: Mention, targets: dict[str, FileResult]) -> Iterator[Problem]:
    target = targets.get(mention.text.rstrip("/"))
    if target is None:
        hint = did_you_mean(mention.text, targets)
        yield _problem(file, mention, "unknown-action", f"{mention.text} is no action or workflow", hint)
    elif target.facts is not None:
        yield from _given(file, mention, target.facts)


def _given(file: str, mention: Mention, target: Facts) -> Iterator[Problem]:
    declared = dict(target.inputs)
    for name, span in mention.given:
        if name not in declared:
            path = mention.path.removesuffix("uses") + f"with.{name}"
            hint = did_you_mean(name, declared)
            yield Problem(file, span, path, "unknown-input", f"{mention.text} has no input {name}", hint=hint)
    missing = [name for name, required in target.inputs if required and name not in dict(mention.given)]
    if missing:
        yield _problem(file, mention, "missing-input", f"{mention.text} needs with: {', '.join(missing)}")
    if target.deprecated is not None:
        yield _problem(file, mention, "deprecated-action", f"{mention.text} is deprecated: {target.deprecated}")


def _nesting(results: Sequence[FileResult]) -> Iterator[Problem]:
    """Workflows that call one another in a circle would never end (catalogue Y20)."""
    calls: dict[str, dict[str, Mention]] = {
        f"./{result.path}": {mention.text: mention for mention in result.facts.uses}
        for result in results
        if result.kind == "Workflow" and result.facts is not None
    }
    for circle in circles({file: {t: m for t, m in used.items() if t in calls} for file, used in calls.items()}):
        mention = calls[circle[-1]][circle[0]]
        message = f"workflows call one another in a circle: {' → '.join([*circle, circle[0]][:20])}"
        yield _problem(circle[-1][2:], mention, "dependency-cycle", message)
