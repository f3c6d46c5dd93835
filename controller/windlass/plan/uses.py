"""What `uses` names: actions and workflows, found when the commit was loaded and frozen with the definition.

In: documents as written, already checked by loading. Out: `Used` values by their target, and models of them. A plan
is made from these alone, so that neither a moved branch nor a changed library touches what runs (design decision 4).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass_schemas.action import Action
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Workflow

MOST_DEEP = 10  # workflows within one another; loading refuses more, and so does a run


@dataclass(frozen=True, slots=True)
class Used:
    """An action or a workflow that a definition uses. `library` None: of the repository itself, at its own commit."""

    kind: Literal["Action", "Workflow"]
    document: Mapping[str, Any]  # as written, plain values
    path: str  # the action's folder or the workflow's file, in its repository
    script: str | None = None  # the text of an action's entrypoint
    library: str | None = None
    commit: str | None = None  # of the library
    settings: Mapping[str, Any] | None = None  # windlass.yaml as written: a workflow is planned with it
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # beside the script: loading/entrypoints.py

    @property
    def action(self) -> Action:
        from windlass_schemas.action import Action

        found: Action = model_of(Action, self.document)
        return found

    @property
    def workflow(self) -> Workflow:
        from windlass_schemas.workflow import Workflow

        found: Workflow = model_of(Workflow, self.document)
        return found


def to_plain(uses: Mapping[str, Used]) -> dict[str, Any]:
    """As the ledger keeps it: JSON values by target."""
    return {
        target: {name: value for name in Used.__slots__ if (value := getattr(used, name)) is not None}
        for target, used in uses.items()
    }


def from_plain(written: Mapping[str, Any]) -> dict[str, Used]:
    """What `to_plain` made, also by the version after this one."""
    known = Used.__slots__
    return {
        target: Used(**{name: value for name, value in fields.items() if name in known})
        for target, fields in written.items()
    }


def commits_of(used: Iterable[Used]) -> dict[str, str]:
    """The commit of each library that these are from, by its name in windlass.lock."""
    found = {one.library: one.commit for one in used if one.library is not None and one.commit is not None}
    return dict(sorted(found.items()))


def is_workflow(written: str) -> bool:
    """Whether `uses` names a workflow's file; an action is named by its folder."""
    return written.endswith((".yaml", ".yml"))


def target_of(written: str, library: str | None = None) -> str:
    """The name of what `uses` says. Inside a library `./…` means the library, and an alias one of its own libraries
    (language page, "Libraries"); only `std/…` is the same everywhere."""
    text = written.rstrip("/")
    return text if library is None or text.startswith("std/") else f"{library}:{text}"


def model_of(kind: type[Any], document: Mapping[str, Any]) -> Any:
    """The validated model of a document; the same one for equal documents."""
    return _model(kind, json.dumps(document))  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _model(kind: type[Any], text: str) -> Any:
    return kind.model_validate(json.loads(text))


def repository_of(document: Mapping[str, Any] | None) -> Repository | None:
    """windlass.yaml as a model."""
    if document is None:
        return None
    from windlass_schemas.repository import Repository

    found: Repository = model_of(Repository, document)
    return found
