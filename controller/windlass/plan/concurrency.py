"""Concurrency groups: what is written, planned, and made ready to be asked for.

In: `concurrency` of a workflow or a step, `overlap` of a schedule; the names its expressions see. Out: a
PlannedConcurrency; a run's group and limit are worked out when the run is created, a step's when the step begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, to_text
from windlass.plan.model import PlannedConcurrency
from windlass_schemas.expression import read_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.model import Conflict
    from windlass_schemas.concurrency import Concurrency
    from windlass_schemas.workflow import Workflow

LONGEST_GROUP = 200
OVERLAP: Mapping[str, Conflict] = {"queue": "queue", "skip": "skip", "replace": "cancelRunning"}


def planned_concurrency(written: Concurrency | None) -> PlannedConcurrency | None:
    return None if written is None else PlannedConcurrency(written.group, written.limit, written.on_conflict)


def schedule_group(workflow: str, trigger: str) -> str:
    """The group of one schedule; `trigger` is `schedule[0]`."""
    return f"schedule/{workflow}/{trigger}"


def planned_overlap(workflow: Workflow, kind: str, trigger: str) -> PlannedConcurrency | None:
    """What keeps the runs of one schedule apart; None for other triggers, `allow`, and a schedule that is gone."""
    if kind != "schedule" or workflow.triggers is None:
        return None
    written = {f"schedule[{index}]": one.overlap for index, one in enumerate(workflow.triggers.schedule)}
    if trigger not in written:
        return None
    rule = OVERLAP.get(written[trigger] or "queue")
    group = schedule_group(workflow.metadata.name, trigger)
    return None if rule is None else PlannedConcurrency(group, 1, rule)


def worked_out(
    planned: PlannedConcurrency | None, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]]
) -> PlannedConcurrency | None:
    """With the expressions evaluated; None when the group comes out empty: then there is none.

    Raises ExpressionError.
    """
    if planned is None:
        return None
    group = to_text(evaluate(planned.group, values, functions))
    if len(group) > LONGEST_GROUP:
        raise ExpressionError(f"concurrency: the name of a group has at most {LONGEST_GROUP} characters")
    limit = planned.limit
    try:
        if isinstance(limit, str):
            limit = read_whole(evaluate(limit, values, functions))
    except ValueError as error:
        raise ExpressionError(f"concurrency: limit: {planned.limit}: {error}") from error
    return replace(planned, group=group, limit=limit) if group else None
