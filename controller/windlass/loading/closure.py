"""Everything that a workflow uses, and what that uses in turn: frozen with it when it becomes live.

In: what was loaded, and a way to find what is not of this repository. Out: `Used` by target, for each workflow that is
fit. Circles and missing targets were refused before (`crossing.py`); here neither does harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.entrypoints import used_action
from windlass.loading.signatures import targets_in
from windlass.plan.uses import Used

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.loading.repository import Loaded

    # What a target means that is not of this repository; None: nothing is known of it.
    Elsewhere = Callable[[str], Used | None]


class Closures:
    """For all workflows of one commit; what several of them use is made once."""

    def __init__(self, loaded: Loaded, elsewhere: Elsewhere | None = None) -> None:
        self._loaded = loaded
        libraries = loaded.libraries
        self._elsewhere = elsewhere if elsewhere is not None or libraries is None else libraries.used
        self._by_path = {workflow.path: workflow for workflow in loaded.workflows.values()}
        self._made: dict[str, Used | None] = {}

    def of(self, workflow: str) -> dict[str, Used]:
        """By target, sorted; nothing for a workflow that uses nothing."""
        found: dict[str, Used] = {}
        todo = list(targets_in(self._loaded.workflows[workflow].document))
        while todo:
            target = todo.pop()
            used = self._used(target) if target not in found else None
            if used is None:
                continue
            found[target] = used
            if used.kind == "Workflow":
                todo += targets_in(used.document, used.library)
        return dict(sorted(found.items()))

    def _used(self, target: str) -> Used | None:
        if target not in self._made:
            self._made[target] = self._find(target)
        return self._made[target]

    def _find(self, target: str) -> Used | None:
        if not target.startswith("./"):
            return self._elsewhere(target) if self._elsewhere is not None else None
        path = target[2:]
        if path in self._loaded.actions:
            return used_action(self._loaded.actions[path].document, path, self._loaded.scripts.get(path))
        workflow = self._by_path.get(path)
        return (
            Used("Workflow", workflow.document, path, settings=self._loaded.settings) if workflow is not None else None
        )
