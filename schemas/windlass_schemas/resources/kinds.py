"""The kinds of custom resources: names, printer columns, and rules over the whole object.

In: nothing. Out: `KINDS`, from which `crd.py` writes deploy/crds and the operator knows what to watch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.config import JsonDict

from windlass_schemas.names import LABEL_PATTERN
from windlass_schemas.resources.conditions import one_rule

GROUP = "windlass.dev"
VERSION = "v1"
CATEGORY = "windlass"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; `wide` ones appear with `-o wide`."""

    name: str
    path: str
    description: str
    type: str = "string"
    wide: bool = False

    def to_json(self) -> dict[str, Any]:
        words = {"name": self.name, "type": self.type, "jsonPath": self.path, "description": self.description}
        return {**words, **({"priority": 1} if self.wide else {})}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `model` gives the model of the whole object; it is called when it is needed."""

    kind: str
    plural: str
    short: str
    model: Callable[[], type[BaseModel]]
    columns: tuple[Column, ...]
    rules: tuple[JsonDict, ...] = ()

    @property
    def singular(self) -> str:
        return self.kind.lower()


def _condition(kind: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


def _repository() -> type[BaseModel]:
    from windlass_schemas.resources.workflow_repository import WorkflowRepository

    return WorkflowRepository


def _library() -> type[BaseModel]:
    from windlass_schemas.resources.action_library import ActionLibrary

    return ActionLibrary


def _workflow() -> type[BaseModel]:
    from windlass_schemas.resources.workflow_picture import Workflow

    return Workflow


def _run() -> type[BaseModel]:
    from windlass_schemas.resources.workflow_run import WorkflowRun

    return WorkflowRun


READY = Column("Ready", _condition("Ready", "status"), "Whether it is as git says.")
STATUS = Column("Status", _condition("Ready", "message"), "Why it is so.", wide=True)
AGE = Column("Age", ".metadata.creationTimestamp", "Since when the object exists.", "date")
NAME_RULE = one_rule(
    f"self.metadata.name.matches(r'{LABEL_PATTERN}')",
    "metadata.name has 1 to 63 lower-case letters, digits and hyphens",
)
RUN_RULE = one_rule(
    "!has(self.spec.run) || self.metadata.name == self.spec.workflow + '-' + self.spec.run.lowerAscii()",
    "spec.run is set by Windlass: leave it out to start a run",
)

KINDS = (
    Kind(
        "WorkflowRepository",
        "workflowrepositories",
        "wlrepo",
        _repository,
        (
            READY,
            Column("Revision", ".status.revision", "The branch and the commit that is live."),
            Column("Workflows", ".status.workflows", "How many workflows are live.", "integer"),
            Column("Errors", ".status.errors", "How many errors its files have.", "integer"),
            AGE,
            Column("Git", ".spec.git", "Where it is.", wide=True),
            Column("Suspended", ".spec.suspend", "Whether it is not polled.", "boolean", wide=True),
            STATUS,
        ),
        (NAME_RULE,),
    ),
    Kind(
        "ActionLibrary",
        "actionlibraries",
        "wllib",
        _library,
        (
            READY,
            Column("Revision", ".status.revision", "The ref and its commit."),
            Column("Actions", ".status.actionCount", "How many actions it has.", "integer"),
            Column("Errors", ".status.errors", "How many errors its files have.", "integer"),
            AGE,
            Column("Git", ".spec.git", "Where it is.", wide=True),
            STATUS,
        ),
        (NAME_RULE,),
    ),
    Kind(
        "Workflow",
        "workflows",
        "wlwf",
        _workflow,
        (
            Column("Repository", ".spec.repository", "Where it comes from."),
            READY,
            Column("Stale", ".status.stale", "Whether git says something newer that is broken.", "boolean"),
            Column("Next", ".status.next.at", "The next fire of its schedules."),
            AGE,
            Column("Title", ".status.title", "Its title.", wide=True),
            Column("Path", ".status.path", "Its file.", wide=True),
            Column("Commit", ".status.commit", "The commit it comes from.", wide=True),
            STATUS,
        ),
    ),
    Kind(
        "WorkflowRun",
        "workflowruns",
        "wlrun",
        _run,
        (
            Column("Workflow", ".spec.workflow", "What runs."),
            Column("Status", ".status.phase", "How it stands."),
            Column("Steps", ".status.steps.summary", "Ended steps of all."),
            Column("Cause", ".status.cause", "Why it did not succeed."),
            Column("Duration", ".status.duration", "From the start to the end."),
            AGE,
            Column("Repository", ".spec.repository", "Where the workflow comes from.", wide=True),
            Column("Trigger", ".status.trigger", "What started it.", wide=True),
            Column("Run", ".status.id", "Its id in the API.", wide=True),
            Column("Message", ".status.message", "Why it did not succeed, for people.", wide=True),
        ),
        (RUN_RULE,),
    ),
)
