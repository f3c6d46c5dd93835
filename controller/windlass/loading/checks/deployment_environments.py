"""`environment` of a workflow: one that windlass.yaml has; what an expression picks is checked when a run is made.

In: a workflow, or the environments of windlass.yaml with what protects them. Out: problems at the name or the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.checks.approvals import check_approval
from windlass.loading.checks.site import TextMistake
from windlass.nearest import did_you_mean
from windlass.plan.protection import GATE
from windlass_schemas.expression import holds_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import StepItem


def check_environment(site: Site, environment: str | None) -> Iterator[Problem]:
    if environment is None or holds_expression(environment) or site.unsure:
        return
    known = site.repository.environments if site.repository is not None else {}
    if environment not in known:
        message = f"windlass.yaml has no environment {environment}"
        yield site.at_value(("environment",), "unknown-environment", message, did_you_mean(environment, known))


def check_gate(site: Site, environment: str | None, items: Iterable[StepItem]) -> Iterator[Problem]:
    """The name of the step that a protected environment puts before all others."""
    for item in items if environment is not None else ():
        if item.name == GATE:
            message = f"{GATE} is the name of the approval that an environment may ask for"
            yield site.at_key(item.path, "duplicate-name", message, "rename the step")


def check_protections(site: Site, settings: Repository) -> Iterator[Problem]:
    for name, environment in settings.environments.items():
        approval = environment.protection.approval if environment.protection is not None else None
        if approval is None:
            continue
        path = ("environments", name, "protection", "approval")
        yield from check_approval(site, approval, path)
        if approval.inputs:
            message = "nothing could read the answers: an environment's approval asks yes or no"
            yield site.at_key((*path, "inputs"), "needless-key", message)
    for place, text in site.texts:
        if place[0] == "environments" and place[2:4] == ("protection", "approval"):
            mistake = TextMistake("no expression is evaluated here", None, text.find("${{"), 3)
            yield site.in_text(place, "expression-not-allowed", mistake)
