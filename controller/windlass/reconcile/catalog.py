"""What is live: the last good definition of each workflow, in memory.

In: what activation recorded in the ledger. Out: lookups by repository and name. A definition is kept as compressed
JSON and turned into a model when it is asked for: 10,000 of them fit into a few megabytes (performance research, 2.7).
"""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from windlass.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.plan.uses import Used
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Workflow


@dataclass(frozen=True, slots=True)
class LiveWorkflow:
    """One definition, pinned to the commit that it comes from. `stale`: git says something newer that is broken."""

    repository: str
    name: str
    path: str
    commit: str
    title: str | None
    content: bytes  # the written document, as JSON, deflated
    settings: bytes  # windlass.yaml at that commit, the same way; b"" without one
    source: bytes  # the YAML as written, deflated
    digest: str
    stale: bool = False
    uses: bytes = b""  # what it uses, and what that uses, the same way; b"" for nothing

    @property
    def text(self) -> str:
        return zlib.decompress(self.source).decode()

    @property
    def document(self) -> dict[str, Any]:
        """What was written, as plain values."""
        return _document(self.content)

    @property
    def model(self) -> Workflow:
        from windlass_schemas.workflow import Workflow

        found: Workflow = _model(Workflow, self.content)
        return found

    @property
    def repository_model(self) -> Repository | None:
        from windlass_schemas.repository import Repository

        return _model(Repository, self.settings) if self.settings else None

    @property
    def used(self) -> Mapping[str, Used]:
        return _used(self.uses) if self.uses else {}


def pack(document: Any) -> bytes:
    """A written document as it is kept: plain values, deflated."""
    return zlib.compress(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), 6)


def unpack(packed: bytes) -> dict[str, Any]:
    """What `pack` made of a document."""
    found: dict[str, Any] = json.loads(zlib.decompress(packed))
    return found


_document = lru_cache(maxsize=256)(unpack)


@lru_cache(maxsize=256)
def _model(kind: type[Any], packed: bytes) -> Any:
    return kind.model_validate(_document(packed))


@lru_cache(maxsize=256)
def _used(packed: bytes) -> Mapping[str, Used]:
    from windlass.plan.uses import from_plain

    return from_plain(unpack(packed))


class Catalog:
    """All live workflows; whole repositories are exchanged at once, so a reader never sees half a commit (R19)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._repositories: dict[str, dict[str, LiveWorkflow]] = {}

    def replace(self, repository: str, workflows: Iterable[LiveWorkflow]) -> None:
        live = {workflow.name: workflow for workflow in workflows}
        with self._lock:
            self._repositories[repository] = live

    def drop(self, repository: str) -> None:
        with self._lock:
            self._repositories.pop(repository, None)

    def of(self, repository: str) -> dict[str, LiveWorkflow]:
        return self._repositories.get(repository, {})

    def repositories(self) -> list[str]:
        return sorted(self._repositories)

    def all(self) -> list[LiveWorkflow]:
        return [workflow for name in sorted(self._repositories) for _, workflow in sorted(self.of(name).items())]

    def get(self, repository: str, name: str) -> LiveWorkflow:
        """Raises NotFoundError; the message names what there is."""
        if repository not in self._repositories:
            raise NotFoundError(f"no workflow {name}: nothing of a repository {repository} is live here")
        found = self.of(repository).get(name)
        if found is None:
            raise NotFoundError(f"no workflow {name} in repository {repository}")
        return found
