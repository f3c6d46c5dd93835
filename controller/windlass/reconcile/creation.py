"""A firing becomes a run: plan it, freeze it, record it, hand it to the engine.

In: a definition, checked inputs, the event. Out: a run in the ledger, committed before anyone is told (promise R15).
The same transaction takes what made it unique: a schedule's tick, a delivery id, an idempotency key.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from windlass.clock import to_rfc3339
from windlass.crashpoints import reach
from windlass.errors import ExpressionError, InputError, InputProblem
from windlass.expressions import evaluate, evaluate_all, to_text
from windlass.frozen import dataclass
from windlass.plan.codec import digest
from windlass.plan.concurrency import planned_overlap, worked_out
from windlass.plan.planner import Occasion, make_plan
from windlass.reconcile.given_secrets import withheld
from windlass.reconcile.hashing import hash_nothing, with_hashes
from windlass.runs.model import RunHead, Status
from windlass.runs.present import run_object
from windlass.runs.state import RunState
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.clock import Millis
    from windlass.plan.model import Plan
    from windlass.plan.uses import Used
    from windlass.reconcile.given_secrets import Seal
    from windlass.reconcile.hashing import HashFiles
    from windlass.runs.model import Step
    from windlass.store.tx import Tx
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Workflow

    Functions = Mapping[str, Callable[..., Any]]

SHOWN_SECRET = "***"  # noqa: S105 - what stands in its place
LONGEST_SHOWN = 4096  # characters of a file in the run object
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what asked for the run, and with which values. Inputs have passed `plan.inputs`."""

    kind: str  # manual, schedule, webhook, api
    name: str  # schedule[0], the hook's name, ""
    inputs: Mapping[str, Any]
    event: Mapping[str, Any]
    actor: Mapping[str, Any]
    env: Mapping[str, Any] = field(default_factory=dict)
    scheduled_at: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is planned and not recorded."""

    head: RunHead
    plan: Plan
    plan_bytes: bytes
    text: str  # the YAML it runs
    steps: tuple[Step, ...] | None = None  # of a rerun: some have ended before it begins
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # values by the name of their placeholder
    sealed: Mapping[str, bytes] = field(default_factory=dict)  # the same, as the ledger may keep them

    def state(self) -> RunState:
        return RunState(self.plan, self.head, self.steps)


def prepare(
    workflow: Workflow,
    settings: Repository | None,
    *,
    repository: str,
    commit: str | None,
    text: str,
    cause: Cause,
    now: Millis,
    runner: str = "local",
    hash_files: HashFiles = hash_nothing,
    uses: Mapping[str, Used] | None = None,
    branch: str | None = None,
    merged: bool = True,
    seal: Seal | None = None,
) -> NewRun:
    """Plan a run. Nothing is written; the caller records it. `hash_files` answers `hashFiles` for its commit, which is
    of `branch`; `merged` is whether that is the one which is followed.

    Raises InputError: what is needed now (a timeout, a group) and cannot be evaluated is made of inputs and event.
    """
    secrets, inputs = withheld(workflow, cause.inputs)
    occasion = Occasion(
        repository, commit, inputs, cause.event, cause.env, runner, uses or {}, branch=branch, merged=merged
    )
    run = new_id(now)
    functions = {"now": lambda: to_rfc3339(now), "hashFiles": lambda *globs: hash_files(globs)}
    try:
        plan = make_plan(workflow, settings, occasion)
        scope = _scope(plan, cause, run, now)
        overlap = planned_overlap(workflow, cause.kind, cause.name)
        plan = replace(plan, overlap=overlap, concurrency=worked_out(plan.concurrency, scope, functions))
        plan, plan_bytes = with_hashes(plan, hash_files)
    except ExpressionError as error:
        raise InputError([InputProblem("", str(error))]) from error
    shown = {name: _shown(workflow, name, value) for name, value in cause.inputs.items()}
    head = RunHead(
        id=run,
        repository=repository,
        workflow=plan.workflow,
        commit=commit,
        inputs=shown,
        title=_title(workflow, scope, functions),
        labels={name: _text(value, scope, functions) for name, value in (workflow.run_labels or {}).items()},
        trigger={"kind": cause.kind, "name": cause.name, "scheduledAt": cause.scheduled_at},
        actor=dict(cause.actor),
        created_at=now,
    )
    sealed = {name: seal(run, name, value) for name, value in secrets.items()} if seal is not None else {}
    return NewRun(head, plan, plan_bytes, text, secrets=secrets, sealed=sealed)


def _shown(workflow: Workflow, name: str, value: Any) -> Any:
    """An input as the run object has it: a secret hidden, a long file by its size, for lists of runs are read often."""
    declared = workflow.inputs.get(name)
    if declared is None or value is None:
        return value
    if declared.type == "secret":
        return SHOWN_SECRET
    if declared.type == "file" and len(value) > LONGEST_SHOWN:
        return f"(a file of {len(value.encode())} bytes)"
    return value


def evaluated(
    inputs: Mapping[str, Any], env: Mapping[str, Any], event: Mapping[str, Any], repository: str = "", now: str = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A trigger's inputs and env with their expressions evaluated over the event. Raises ExpressionError.

    `now`: what `now()` says when nothing was scheduled. An input that comes out as null is as if it were not given.
    """
    scope = {"event": dict(event), "repository": {"name": repository}}
    functions = {"now": lambda: str(event.get("scheduledAt") or now)}
    found = evaluate_all(dict(inputs), scope, functions)
    layer = {
        name: None if written is None else to_text(evaluate_all(written, scope, functions))
        for name, written in env.items()
    }
    return {name: given for name, given in found.items() if given is not None}, layer


def record(tx: Tx, new: NewRun) -> None:
    """Write a new run and the news of it."""
    reach("run.before-record")
    state = new.state()
    tx.insert_run(new.head, new.plan_bytes, digest(new.plan_bytes), new.text, list(state.every_step()))
    if new.sealed:
        tx.insert_secrets(new.head.id, new.sealed)
    tx.add_event("run", new.head.id, run_object(new.head))


def _scope(plan: Plan, cause: Cause, run: str, now: Millis) -> dict[str, Any]:
    return {
        "inputs": plan.inputs,
        "event": plan.event,
        "repository": {"name": plan.repository},
        "run": {
            "id": run,
            "commit": plan.commit,
            "status": Status.QUEUED.value,
            "startedAt": None,
            "createdAt": to_rfc3339(now),
            "actor": cause.actor.get("name"),
            "workflow": plan.workflow,
            "trigger": cause.kind,
        },
        "env": {},
    }


def _title(workflow: Workflow, scope: dict[str, Any], functions: Functions) -> str | None:
    written = workflow.run_title or workflow.metadata.title
    return None if written is None else _text(written, scope, functions)[:LONGEST_TITLE]


def _text(written: Any, scope: dict[str, Any], functions: Functions) -> str:
    """A title or label never keeps a run from starting: what cannot be evaluated is shown as written."""
    if not isinstance(written, str):
        return to_text(written)
    try:
        return to_text(evaluate(written, scope, functions))
    except ExpressionError:
        return written
