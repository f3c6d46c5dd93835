"""One file from bytes to verdict.

In: path, kind, bytes, circumstances. Out: a `FileResult`: its problems, and the facts that other files need. It never
raises for what a file can hold, and it depends on nothing but its arguments, so that results can be cached by content
and computed in other processes.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.loading.checks.documents import check_action, check_settings, check_workflow
from windlass.loading.checks.site import Site
from windlass.loading.document import read_document
from windlass.loading.facts import Facts, facts_of
from windlass.loading.faults import Faults
from windlass.loading.models import fault_problems, read_model
from windlass.loading.rest import read_rest
from windlass.loading.signatures import relied_on
from windlass.problems import Problem, has_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.loading.checks.site import Checkers
    from windlass.loading.definition_files import Kind
    from windlass.loading.signatures import Relied, Signature
    from windlass_schemas.repository import Repository


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the verdict on a file depends on beside the file. `unsure`: windlass.yaml is broken, so its names are
    not known."""

    settings: Repository | None
    checkers: Checkers
    unsure: bool = False
    signatures: Mapping[str, Signature] = field(default_factory=dict)  # of what files may use, as far as known


@dataclass(frozen=True, slots=True)
class FileResult:
    """`facts` is None when the file has no model; `claimed` is the name that a file gives itself, however broken;
    `relied` are the signatures on which the verdict rests."""

    path: str
    kind: Kind
    problems: tuple[Problem, ...]
    facts: Facts | None = None
    claimed: str | None = None
    relied: Relied = ()

    @property
    def is_fit(self) -> bool:
        """The definition can be used."""
        return self.facts is not None and not has_errors(self.problems)


@dataclass(frozen=True, slots=True)
class Examined:
    """A result together with what was read; the model is None when the shape of the file is wrong."""

    result: FileResult
    model: Any = None
    value: dict[str, Any] | None = None


def examine(path: str, kind: Kind, data: bytes, circumstances: Circumstances) -> Examined:
    try:
        document, warnings = read_document(data)
    except Faults as faults:
        return Examined(FileResult(path, kind, tuple(fault_problems(path, faults))))
    problems = [warning.problem(path, document.path_of(warning.node)) for warning in warnings]
    model, refused = read_model(path, document, "Workflow" if kind == "Example" else kind)
    signatures = circumstances.signatures
    site = Site(path, document, circumstances.settings, circumstances.checkers, circumstances.unsure, signatures)
    claimed = _claimed(document.value)
    if model is not None:
        problems += _meaning(site, kind, model)
    elif kind in ("Workflow", "Example", "Action"):
        problems += _meaning_of_rest(site, kind)
    problems += refused
    facts = facts_of(site, model) if model is not None else None
    relied = relied_on(document.value, signatures) if kind in ("Workflow", "Example") else ()
    return Examined(FileResult(path, kind, tuple(problems), facts, claimed, relied), model, document.value)


def _meaning_of_rest(site: Site, kind: Kind) -> list[Problem]:
    """What is wrong beside the file's shape, so that all its mistakes are shown at once."""
    rest = read_rest(site.document, "Action" if kind == "Action" else "Workflow")
    if rest is None:
        return []
    found = _meaning(replace(site, document=replace(site.document, value=rest.value)), kind, rest.model)
    return [problem for problem in found if rest.knows(problem, site.document)]


def _meaning(site: Site, kind: Kind, model: Any) -> list[Problem]:
    if kind in ("Workflow", "Example"):
        return check_workflow(site, model)
    if kind == "Action":
        return check_action(site, model)
    return check_settings(site, model) if kind == "Repository" else []


def _claimed(value: dict[str, Any]) -> str | None:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None
