"""Calls of `hashFiles`: its globs must be known when a run is created, and mean files of the repository.

In: a workflow's file. Out: a problem at each argument that is neither, and at calls in fields that are needed before
files are hashed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.expressions import calls_of
from windlass.loading.checks.site import TextMistake
from windlass.loading.checks.texts import is_evaluated
from windlass.plan.hashes import FUNCTION, is_known_early

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.expressions.arguments import Argument
    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem

ELSEWHERE = ("env", "outputs", "concurrency", "runTitle", "runLabels")  # beside steps
PLANNED = frozenset({
    "checkout", "timeout", "killAfter", "quietTimeout", "continueOnError", "idempotent", "maxParallel", "failFast",
    "retry",
})  # fmt: skip
HINT = "write the glob as a text, or make it of inputs, event and repository"


def check_hashes(site: Site) -> Iterator[Problem]:
    for path, text in site.texts:
        if FUNCTION in text and (_is_step(path) or path[0] in ("environment", "defaults", *ELSEWHERE)):
            yield from _of_text(site, path, text)


def _is_step(path: Path) -> bool:
    return path[0] in ("steps", "finally") and is_evaluated(path)


def _of_text(site: Site, path: Path, text: str) -> Iterator[Problem]:
    for call in calls_of(text, FUNCTION):
        if path[0] in ("environment", "defaults") or (_is_step(path) and path[2] in PLANNED):
            message = "hashFiles() cannot be used here: this is needed before files are hashed"
            mistake = TextMistake(message, None, call.start, len(FUNCTION))
            yield site.in_text(path, "function-not-allowed", mistake)
            continue
        for argument in call.arguments:
            found = _wrong(argument)
            if found is not None:
                yield site.in_text(path, "hash-files", found)


def _wrong(argument: Argument) -> TextMistake | None:
    place = (argument.start, len(argument.source))
    if argument.literal is None:
        if is_known_early(argument.names, argument.functions):
            return None
        return TextMistake("files are hashed when the run is created, and this is only known later", HINT, *place)
    glob = argument.literal.removeprefix("!")
    if not glob:
        return TextMistake("an empty glob means no file", "write '**' for all files", *place)
    if glob.startswith(("/", "~")) or not {"..", "."}.isdisjoint(glob.split("/")):
        return TextMistake("globs are relative to the root of the repository, without `.` and `..`", None, *place)
    return None
