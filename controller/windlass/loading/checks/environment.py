"""`environment` of a workflow: one that windlass.yaml has; what an expression picks is checked when a run is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.nearest import did_you_mean
from windlass_schemas.expression import holds_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem


def check_environment(site: Site, environment: str | None) -> Iterator[Problem]:
    if environment is None or holds_expression(environment) or site.unsure:
        return
    known = site.repository.environments if site.repository is not None else {}
    if environment not in known:
        message = f"windlass.yaml has no environment {environment}"
        yield site.at_value(("environment",), "unknown-environment", message, did_you_mean(environment, known))
