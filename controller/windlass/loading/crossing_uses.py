"""What `uses` refers to: whether it is there, can be used, and is given what it asks for.

In: the results of all files, and the problems that are known of them beside their own. Out: problems at the `uses` or
at the given name. What uses something broken is broken itself, and so on up, so that its last good version stays live.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from windlass.loading.built_in import STD
from windlass.loading.checks.graph import circles
from windlass.loading.library import Offer
from windlass.loading.rules import RULES
from windlass.nearest import did_you_mean
from windlass.plan.uses import MOST_DEEP
from windlass.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from windlass.loading.examine import Examined, FileResult
    from windlass.loading.facts import Facts, Mention
    from windlass.loading.libraries import Libraries
    from windlass_schemas.repository import Repository

ACTION_FILES = ("/action.yaml", "/action.yml")


def check_uses(
    results: Sequence[FileResult],
    settings: Repository | None,
    known: Sequence[Problem] = (),
    libraries: Libraries | None = None,
) -> list[Problem]:
    """`known`: problems over files that were found before."""
    users = [(result, result.facts) for result in results if result.facts is not None and result.facts.uses]
    if not users:
        return []
    problems = [*_uses(users, results, settings, libraries), *_nesting(results)]
    return [*problems, *_broken(users, results, [*known, *problems])]


def used_files(found: Iterable[Examined], listed: Container[str]) -> set[str]:
    """The files of this repository that these use."""
    mentions = (mention for examined in found if examined.result.facts for mention in examined.result.facts.uses)
    local = {_plain(mention.text)[2:] for mention in mentions if mention.text.startswith("./")}
    return {path for name in local for path in (name, *(name + file for file in ACTION_FILES)) if path in listed}


def _plain(text: str) -> str:
    return text.rstrip("/")


def _problem(file: str, mention: Mention, rule: str, message: str, hint: str | None = None) -> Problem:
    return Problem(file, mention.span, mention.path, rule, message, RULES[rule].severity, hint)


def _uses(
    users: Sequence[tuple[FileResult, Facts]],
    results: Sequence[FileResult],
    settings: Repository | None,
    libraries: Libraries | None,
) -> Iterator[Problem]:
    targets = _targets(results)
    aliases = {STD, *(settings.libraries if settings is not None else ())}
    told: set[str] = set()
    for result, facts in users:
        for mention in facts.uses:
            if mention.text.startswith("./"):
                yield from _local(result.path, mention, targets)
                continue
            alias = mention.text.partition("/")[0]
            if alias not in aliases:
                here = f"./{_plain(mention.text)}"
                hint = f"did you mean {here}?" if here in targets else did_you_mean(alias, aliases)
                yield _problem(result.path, mention, "unknown-action", f"there is no library {alias}", hint)
            elif libraries is not None:
                yield from _of_library(result.path, mention, libraries, told)


def _of_library(file: str, mention: Mention, libraries: Libraries, told: set[str]) -> Iterator[Problem]:
    """`told`: the libraries of which it was said that they are not in the cache; once is enough."""
    found = libraries.look(_plain(mention.text))
    if isinstance(found, Offer):
        if found.facts is not None:
            yield from _given(file, mention, found.facts)
        return
    alias = mention.text.partition("/")[0]
    if found.rule != "library-not-checked" or alias not in told:
        yield _problem(file, mention, found.rule, found.message, found.hint)
    if found.rule == "library-not-checked":
        told.add(alias)


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
    target = targets.get(_plain(mention.text))
    if target is None:
        folder = mention.text.rpartition("/action.")[0]  # an action goes by its folder
        hint = f"did you mean {folder}?" if folder in targets else did_you_mean(mention.text, targets)
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
    yield from _too_deep(calls)


def _too_deep(calls: Mapping[str, Mapping[str, Mention]]) -> Iterator[Problem]:
    """At the use that is one too many, counted from whatever nothing else uses."""
    used = {target for mentions in calls.values() for target in mentions}
    level = {file for file in calls if file not in used}
    for _ in range(MOST_DEEP - 1):
        level = {target for file in level for target in calls[file] if target in calls}
    for file in sorted(level):
        for target, mention in calls[file].items():
            if target in calls:
                yield _problem(
                    file[2:], mention, "nesting-too-deep", f"workflows are nested more than {MOST_DEEP} deep here"
                )


def _broken(
    users: Sequence[tuple[FileResult, Facts]], results: Sequence[FileResult], known: Iterable[Problem]
) -> Iterator[Problem]:
    """Every use of something that has errors; each makes its user broken too."""
    first: dict[str, Problem] = {}
    for problem in [*(found for result in results for found in result.problems), *known]:
        if problem.severity == "error":
            first.setdefault(problem.file, problem)
    mentions: dict[str, list[tuple[FileResult, Mention]]] = defaultdict(list)
    for result, facts in users:
        for mention in facts.uses:
            mentions[_plain(mention.text)].append((result, mention))
    names = {result.path: target for target, result in _targets(results).items()}
    todo = deque(path for path in first if path in names)
    while todo:
        path = todo.popleft()
        for result, mention in mentions.get(names[path], ()):
            found = first[path]
            if found.file == result.path:  # a circle
                continue
            at = f"{found.file}:{found.span.line}:{found.span.column}"
            yield _problem(result.path, mention, "broken-uses", f"{mention.text} has errors: {at}: {found.message}")
            if result.path not in first:
                first[result.path] = found
                if result.path in names:
                    todo.append(result.path)
