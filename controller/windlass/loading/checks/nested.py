"""Steps that use a workflow: its own steps have programs, retries and environments, and see none of the caller's.

In: the steps of a workflow. Out: a problem at each key that would be ignored (fine print, "A step": a nested workflow
sees no layer of its caller but the trigger's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.plan.uses import is_workflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem

# Keys of one process; the others are about the step as a whole.
OF_A_PROCESS = {
    "env": "env", "image": "image", "retry": "retry", "outputs": "outputs", "checkout": "checkout", "files": "files",
    "artifacts": "artifacts", "cache": "cache", "services": "services", "resources": "resources", "docker": "docker",
    "pod": "pod", "quiet_timeout": "quietTimeout", "kill_after": "killAfter", "idempotent": "idempotent",
    "working_directory": "workingDirectory",
}  # fmt: skip


def check_nested(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    for item in items:
        if item.step.uses is None or not is_workflow(item.step.uses):
            continue
        for name in sorted(item.step.model_fields_set & OF_A_PROCESS.keys()):
            key = OF_A_PROCESS[name]
            message = f"{key} means nothing for a workflow that is used: its own steps have theirs"
            hint = "give values with `with`, and write it in the steps of that workflow"
            yield site.at_key((*item.path, key), "nested-key", message, hint)
