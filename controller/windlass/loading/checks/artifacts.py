"""Artifacts as they are written: paths that stay in the working directory, references that are artifacts, clear names.

In: the steps of a workflow. Out: problems at the path, the reference or the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.expressions import TemplateError, references
from windlass.loading.checks.texts import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.step import Step
    from windlass_schemas.storage import Artifacts
    from windlass_schemas.workflow import StepItem

_HINT = "paths are relative to the working directory and stay in it"


def check_artifacts(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        written = item.step.artifacts
        if written is not None:
            path = (*item.path, "artifacts")
            yield from _saves(site, written, (*path, "save"))
            yield from _loads(site, written, (*path, "load"))
            yield from _names(site, item.step, written, (*path, "save"))


def _saves(site: Site, written: Artifacts, above: Path) -> Iterator[Problem]:
    entries: Iterable[tuple[str | int, str | tuple[str, ...]]] = (
        written.save.items() if isinstance(written.save, dict) else enumerate(written.save)
    )
    for name, paths in entries:
        if isinstance(paths, str):
            places = [((*above, name), paths)]
        else:
            places = [((*above, name, index), path) for index, path in enumerate(paths)]
        for place, path in places:
            if _leaves(path.removeprefix("!")):
                yield site.at_value(place, "artifact-path", f"{path} is not below the working directory", _HINT)


def _loads(site: Site, written: Artifacts, above: Path) -> Iterator[Problem]:
    for path, reference in written.load.items():
        if _leaves(path):
            yield site.at_key((*above, path), "artifact-path", f"{path} is not below the working directory", _HINT)
        if OPEN in path:
            message = "no expression is evaluated in a path to load to"
            yield site.at_key((*above, path), "expression-not-allowed", message)
        if not _is_artifact(reference):
            message = "this is no artifact"
            hint = "write ${{ steps.STEP.artifacts.NAME }}"
            yield site.at_value((*above, path), "artifact-reference", message, hint)


def _leaves(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _is_artifact(text: str) -> bool:
    """It names an artifact, or items of a loop, whose artifacts are only known then. Broken ones are told elsewhere."""
    try:
        found = [reference.split(".") for reference in references(text)]
    except TemplateError:
        return True
    return not found or any(parts[0] == "steps" and parts[2:3] in (["artifacts"], ["items"], []) for parts in found)


def _names(site: Site, step: Step, written: Artifacts, above: Path) -> Iterator[Problem]:
    files = {name for name, declared in step.outputs.items() if declared.type == "file"}
    for name in written.saved():
        if name in files:
            message = f"output {name} is a file, and so an artifact of this name already"
            place = (*above, name) if isinstance(written.save, dict) else (*above, written.save.index(name))
            yield site.at_key(place, "colliding-names", message, "rename one of the two")
