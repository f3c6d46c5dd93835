"""Run an ended run again, as a new run that names it.

In: the old run as its ledger has it, what to run again, and for `latest` the definition that is live now. Out: a NewRun
with the steps that are taken over; the old run stays as it was. `same` follows the old run's frozen plan, so a deleted
workflow or a force-push does not matter to it; `latest` plans anew with the old inputs, event and environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from windlass.errors import ConflictError, InputError, NotFoundError
from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.inputs import parse_inputs
from windlass.reconcile.access import check_may
from windlass.reconcile.creation import Cause, NewRun, prepare
from windlass.reconcile.given_secrets import had_secrets
from windlass.runs.model import RunHead, Status
from windlass.runs.rerun import Mode, all_steps, kept_steps, mark_origin
from windlass.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.plan.model import Plan
    from windlass.plan.uses import Used
    from windlass.reconcile.hashing import HashFiles
    from windlass.reconcile.server_parts import Parts
    from windlass.runs.model import Step
    from windlass.store.reads import Reads
    from windlass.store.tx import Tx
    from windlass_schemas.repository import Repository
    from windlass_schemas.workflow import Workflow

Definition = Literal["same", "latest"]


@dataclass(frozen=True, slots=True)
class Again:
    """What to run again; `step` goes with mode `from`."""

    mode: Mode = "all"
    step: str | None = None
    definition: Definition = "same"


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over, with all that a rerun needs of it."""

    head: RunHead
    steps: tuple[Step, ...]
    plan: Plan
    plan_bytes: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The definition as it is now."""

    workflow: Workflow
    settings: Repository | None
    commit: str | None
    text: str
    runner: str
    hash_files: HashFiles
    uses: Mapping[str, Used] = field(default_factory=dict)
    branch: str | None = None
    merged: bool = False


def ended_run(reads: Reads, run: str) -> Ended:
    """Raises NotFoundError, and ConflictError while the run goes on."""
    found = reads.whole_run(run)
    if found is None:
        raise NotFoundError(f"no run {run}")
    head, steps = found
    if not head.status.terminal:
        raise ConflictError(f"run {run} has not ended: {head.status.value}")
    raw = reads.plan(run)
    return Ended(head, steps, from_bytes(raw), raw, reads.definition(run))


def plan_again(old: Ended, again: Again, actor: Mapping[str, Any], now: Millis, latest: Latest | None = None) -> NewRun:
    """The new run, not recorded. Raises InputError for a wrong step, ConflictError when the state does not allow it."""
    gone = had_secrets(old.plan)
    if gone:
        message = f"run {old.head.id} was given secrets ({', '.join(gone)}), which are not kept: start a new run"
        raise ConflictError(message)
    new = _same(old, actor, now) if latest is None else _latest(old, latest, actor, now)
    before = None if latest is None else old.plan
    kept = kept_steps(new.plan, old.steps, again.mode, again.step, before=before)
    if again.mode == "failed" and old.head.status is Status.SUCCEEDED and _covers(new.plan, kept):
        raise ConflictError(f"no step of run {old.head.id} failed: there is nothing to run again")
    return replace(new, steps=tuple(all_steps(new.plan, mark_origin(kept, old.head.id))))


def _same(old: Ended, actor: Mapping[str, Any], now: Millis) -> NewRun:
    head = old.head
    again = RunHead(
        id=new_id(now),
        repository=head.repository,
        workflow=head.workflow,
        commit=head.commit,
        inputs=head.inputs,
        title=head.title,
        labels=head.labels,
        trigger=head.trigger,
        actor=dict(actor),
        rerun_of=head.id,
        created_at=now,
    )
    return NewRun(again, old.plan, old.plan_bytes, old.text)


def _latest(old: Ended, latest: Latest, actor: Mapping[str, Any], now: Millis) -> NewRun:
    """Raises ConflictError when the old inputs do not fit what is declared now."""
    trigger = old.head.trigger
    given = {name: value for name, value in old.plan.inputs.items() if value is not None}  # what is absent stays so
    try:
        cause = Cause(
            kind=str(trigger.get("kind")),
            name=str(trigger.get("name") or ""),
            inputs=parse_inputs(latest.workflow.inputs, given),
            event=old.plan.event,
            actor=actor,
            env=_trigger_env(old.plan),
            scheduled_at=trigger.get("scheduledAt"),
        )
        new = prepare(
            latest.workflow,
            latest.settings,
            repository=old.head.repository,
            commit=latest.commit,
            text=latest.text,
            cause=cause,
            now=now,
            runner=latest.runner,
            hash_files=latest.hash_files,
            uses=latest.uses,
            branch=latest.branch,
            merged=latest.merged,
        )
    except InputError as error:
        message = f"the inputs of run {old.head.id} do not fit the latest definition: {error}"
        raise ConflictError(message) from error
    return replace(new, head=replace(new.head, rerun_of=old.head.id))


def _trigger_env(plan: Plan) -> Mapping[str, Any]:
    """The strongest layer, as the request or the trigger gave it: every step has it."""
    every = [*plan.steps.values(), *plan.finally_.values()]
    return next((layer.values for step in every for layer in step.env if layer.name == "trigger"), {})


def _covers(plan: Plan, kept: list[Step]) -> bool:
    return plan.steps.keys() <= {step.key.path for step in kept if not step.key.item}


def rerun(parts: Parts, run: str, again: Again, actor: Mapping[str, Any]) -> str:
    """Record the new run and begin it; its id. The errors of `ended_run` and `plan_again`."""
    old = ended_run(parts.reads, run)
    check_may(parts, old.head, "run", actor)
    latest = _live(parts, old.head) if again.definition == "latest" else None
    new = plan_again(old, again, actor, parts.clock.now(), latest)
    if latest is None and new.plan.merged and not parts.admission.merged(old.head.repository, old.head.commit):
        plan = replace(new.plan, merged=False)  # its commit has left the branch since: no secrets any more
        new = replace(new, plan=plan, plan_bytes=to_bytes(plan))

    def audit(tx: Tx, made: str) -> None:
        asked = {"rerun": made, "mode": again.mode, "step": again.step, "definition": again.definition}
        tx.add_audit(new.head.created_at, dict(actor), "run.rerun", run, None, asked)

    made, _ = parts.admission.admit(new, guard=audit)
    return made


def _live(parts: Parts, head: RunHead) -> Latest:
    try:
        live = parts.catalog.get(head.repository, head.workflow)
    except NotFoundError as error:
        raise ConflictError(f"{error}: only the same definition can run again") from error
    if live.model.enabled is False:
        raise ConflictError(f"workflow {head.workflow} is disabled")
    hashing, runner = parts.admission.hashing(live.repository, live.commit), parts.admission.runner
    branch = parts.admission.branch(live.repository)
    merged = parts.admission.merged(live.repository, live.commit)
    return Latest(live.model, live.repository_model, live.commit, live.text, runner, hashing, live.used, branch, merged)
