"""Definitions that are fit to run, as loading hands them on.

In: nothing. Out: a workflow, an action and a test, each with its file and its model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.loading.text import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.problems import Problem
    from windlass_schemas.action import Action
    from windlass_schemas.testfile import Test
    from windlass_schemas.workflow import Workflow


@dataclass(frozen=True, slots=True)
class LoadedWorkflow:
    """`document` is what was written, as plain values; `digest` the SHA-256 of the file; no `problems` are errors."""

    name: str
    path: str
    model: Workflow
    document: Mapping[str, Any]
    data: bytes
    digest: str
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The YAML as written, line ends as LF."""
        return decode(self.data)


@dataclass(frozen=True, slots=True)
class LoadedAction:
    path: str
    model: Action


@dataclass(frozen=True, slots=True)
class LoadedTest:
    path: str
    model: Test
