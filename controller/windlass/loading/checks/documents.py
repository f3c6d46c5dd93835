"""Everything that is looked at in a document: the list of checks for each kind.

In: a `Site` with a valid model. Out: every problem of that file alone, in no order, as many as anybody reads.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from windlass.loading.checks.approvals import check_access, check_approvals
from windlass.loading.checks.artifacts import check_artifacts
from windlass.loading.checks.caches import check_caches
from windlass.loading.checks.declarations import check_inputs, check_outputs, check_step_declarations
from windlass.loading.checks.deployment_environments import check_environment, check_gate, check_protections
from windlass.loading.checks.expressions import check_action_texts, check_expressions
from windlass.loading.checks.files import check_files
from windlass.loading.checks.given import check_given
from windlass.loading.checks.graph import check_graph
from windlass.loading.checks.hashes import check_hashes
from windlass.loading.checks.hygiene import check_action_hygiene, check_characters, check_hygiene
from windlass.loading.checks.loops import check_loops
from windlass.loading.checks.nested import check_nested
from windlass.loading.checks.parts import check_action_parts, check_parts
from windlass.loading.checks.retries import check_retries
from windlass.loading.checks.scopes import Scopes
from windlass.loading.checks.triggers import check_triggers
from windlass.loading.checks.unreachable import check_unreachable
from windlass.loading.checks.unused import check_unused
from windlass.loading.models import MOST_PROBLEMS, more_problems
from windlass.plan.supported import unsupported, unsupported_action, unsupported_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.action import Action
    from windlass_schemas.repository import Repository
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import Workflow


def check_workflow(site: Site, workflow: Workflow) -> list[Problem]:
    main, last = workflow.step_items(), workflow.finally_items()
    items = [*main, *last]
    scopes = Scopes(workflow, main, last, site.repository, unsure=site.unsure, signatures=site.signatures)
    errors = chain(
        check_inputs(site, workflow.inputs),
        check_environment(site, workflow.environment),
        check_gate(site, workflow.environment, items),
        check_graph(site, main, last),
        check_loops(site, items),
        check_artifacts(site, items),
        check_nested(site, items),
        check_approvals(site, items),
        check_access(site, workflow.access),
        check_parts(site, items),
        check_given(site, items),
        check_retries(site, workflow.defaults, items),
        check_expressions(site, workflow, items, scopes),
        check_triggers(site, workflow),
        *(check_step_declarations(site, item.step, item.path) for item in items if _declares(item.step)),
        _not_supported(site, unsupported(workflow)),
        check_hashes(site),
        check_files(site, items),
        check_caches(site, items),
    )
    warnings = chain(
        check_unused(site, workflow, items),
        check_unreachable(site, items),
        check_hygiene(site, items),
        check_characters(site),
    )
    return _first(site, errors) + list(islice(warnings, MOST_PROBLEMS))


def _declares(step: Step) -> bool:
    return bool(step.outputs) or step.approval is not None


def _first(site: Site, problems: Iterator[Problem]) -> list[Problem]:
    """The first problems, and one more that says so: a file that hides errors behind others is no good file."""
    found = list(islice(problems, MOST_PROBLEMS))
    rest = list(islice((problem for problem in problems if problem.severity == "error"), 1))
    return [*found, more_problems(site.file)] if rest else found


def check_action(site: Site, action: Action) -> list[Problem]:
    errors: Iterator[Problem] = chain(
        check_inputs(site, action.inputs),
        check_outputs(site, action.outputs, ("outputs",)),
        check_action_texts(site),
        check_action_parts(site, action),
        _not_supported(site, unsupported_action(action)),
    )
    warnings = chain(check_action_hygiene(site), check_characters(site))
    return _first(site, errors) + list(islice(warnings, MOST_PROBLEMS))


def check_settings(site: Site, settings: Repository) -> list[Problem]:
    errors = chain(check_protections(site, settings), _not_supported(site, unsupported_settings(settings)))
    return _first(site, errors) + list(islice(check_characters(site), MOST_PROBLEMS))


def _not_supported(site: Site, features: list[tuple[Path, str]]) -> Iterator[Problem]:
    return (site.at_key(path, "not-supported", f"not supported yet: {feature}") for path, feature in features)
