"""Definitions that are fit to run, as loading hands them on.

In: nothing. Out: a workflow, an action and a test, each with its file and its model. A workflow whose verdict came
from the cache or another process has its model made when it is asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.loading.checks.site import Site
from windlass.loading.document import read_document
from windlass.loading.models import MOST_PROBLEMS, more_problems
from windlass.loading.text import decode
from windlass_schemas.document import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.loading.signatures import Signature
    from windlass.problems import Problem
    from windlass_schemas.action import Action
    from windlass_schemas.testfile import Test
    from windlass_schemas.workflow import Workflow


@dataclass(frozen=True)
class Definition:
    """One file; `content` gives its bytes, `made` is (model, document) when they are there already."""

    path: str
    content: Callable[[], bytes] = field(repr=False, compare=False)
    made: tuple[Any, dict[str, Any]] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def data(self) -> bytes:
        return self.content()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def document(self) -> dict[str, Any]:
        """What was written, as plain values."""
        found: dict[str, Any] = self.made[1] if self.made is not None else read_document(self.data)[0].value
        return found

    @property
    def text(self) -> str:
        """The YAML as written, line ends as LF."""
        return decode(self.data)


@dataclass(frozen=True)
class LoadedWorkflow(Definition):
    """`problems` are no errors."""

    name: str = ""
    problems: tuple[Problem, ...] = ()

    @cached_property
    def model(self) -> Workflow:
        return self.made[0] if self.made is not None else MODELS["Workflow"].model_validate(self.document)  # type: ignore[return-value]


@dataclass(frozen=True)
class LoadedAction(Definition):
    @cached_property
    def model(self) -> Action:
        return self.made[0] if self.made is not None else MODELS["Action"].model_validate(self.document)  # type: ignore[return-value]


@dataclass(frozen=True)
class LoadedTest(Definition):
    @cached_property
    def model(self) -> Test:
        return self.made[0] if self.made is not None else MODELS["Test"].model_validate(self.document)  # type: ignore[return-value]


def test_problems(
    test: LoadedTest, workflows: Mapping[str, LoadedWorkflow], signatures: Mapping[str, Signature]
) -> list[Problem]:
    """What is wrong between a test and its workflow. None when the workflow itself cannot be used."""
    from windlass.loading.checks.cases import check_cases  # few repositories have tests, and fewer change them

    name = test.model.workflow
    if name not in workflows and "/" not in name:
        return []
    site = Site(test.path, read_document(test.data)[0], signatures=signatures)
    if name not in workflows:
        return [site.at_value(("workflow",), "unknown-workflow", "a test is for a workflow of its own repository")]
    found = list(islice(check_cases(site, test.model, workflows[name].model), MOST_PROBLEMS + 1))
    return found if len(found) <= MOST_PROBLEMS else [*found[:MOST_PROBLEMS], more_problems(test.path)]
