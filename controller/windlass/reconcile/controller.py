"""What a server can be asked for, in one place: the web, the operator and tests call this and nothing below it.

In: names, raw inputs, requests. Out: plain JSON objects of interfaces.md, or the errors of windlass.errors.
Authorisation has happened before; the actor comes along for the record.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from windlass.errors import ConflictError, InputError, InputProblem, LedgerError, NotFoundError
from windlass.plan.inputs import parse_inputs
from windlass.plan.planner import access_rules
from windlass.reconcile import proposed_secrets, secret_requests
from windlass.reconcile.access import check_may, check_may_start
from windlass.reconcile.admission import checked_env
from windlass.reconcile.approvals import PATIENCE, answer
from windlass.reconcile.artifact_reader import artifacts_of, entries, find
from windlass.reconcile.creation import SHOWN_SECRET, Cause
from windlass.reconcile.log_reader import LogChunk, read_log
from windlass.reconcile.rerun import rerun
from windlass.reconcile.run_views import RunViews
from windlass.reconcile.source import source_object
from windlass.reconcile.spans import spans_of
from windlass.reconcile.workflow_view import workflow_object
from windlass.runs.model import CancelRequested

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.reconcile.approvals import Answer
    from windlass.reconcile.artifact_reader import Download, Kept
    from windlass.reconcile.custom_events import EventAnswer
    from windlass.reconcile.hooks import HookAnswer
    from windlass.reconcile.proposed_secrets import Proposed
    from windlass.reconcile.rerun import Again
    from windlass.reconcile.server_parts import Parts
    from windlass.runs.model import RunHead, Step, StepKey
    from windlass.store.tx import Tx
    from windlass.triggers.webhook import HookRequest

RECONCILE_WAIT = 60.0  # seconds for `{"wait": true}`


class Controller(RunViews):
    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.reads, parts.bell, parts.clock)
        self.parts = parts

    def up_to_date(self, head: RunHead, steps: tuple[Step, ...]) -> tuple[RunHead, tuple[Step, ...]]:
        return self.parts.engine.groups.up_to_date(head, steps)

    # ---- repositories and workflows

    def repositories(self) -> list[dict[str, Any]]:
        return [source_object(state) for _, state in sorted(self.parts.sources.states.items())]

    def repository(self, name: str) -> dict[str, Any]:
        state = self.parts.sources.states.get(name)
        if state is None:
            raise NotFoundError(f"no repository {name}")
        return source_object(state)

    def reconcile(self, name: str, *, confirm: bool, wait: bool) -> dict[str, Any]:
        owed = self.parts.sources.wake(name, confirm=confirm)
        if wait:
            self.parts.sources.wait(name, owed, RECONCILE_WAIT)
        return self.repository(name)

    def workflows(
        self, repository: str | None = None, after: tuple[str, ...] | None = None, most: int | None = None
    ) -> list[dict[str, Any]]:
        """By repository and name; `after`: a repository and a name to go on behind."""
        now = self.parts.clock.now()
        live = [w for w in self.parts.catalog.all() if repository in (None, w.repository)]
        rest = [w for w in live if after is None or (w.repository, w.name) > after]
        return [workflow_object(w, now, brief=True) for w in rest[:most]]

    def workflow(self, repository: str, name: str) -> dict[str, Any]:
        return workflow_object(self.parts.catalog.get(repository, name), self.parts.clock.now(), brief=False)

    def firings(
        self, repository: str, workflow: str, limit: int, before: int | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Newest first, and the cursor of the following page."""
        self.parts.catalog.get(repository, workflow)
        found = self.parts.reads.firings(repository, workflow, limit + 1, before)
        following = str(found[limit - 1].id) if len(found) > limit else None
        return [firing.to_json() for firing in found[:limit]], following

    # ---- runs

    def create_run(
        self, repository: str, workflow: str, body: Mapping[str, Any], actor: Mapping[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """`body`: inputs, env, idempotencyKey. Returns the run object and whether it is new."""
        live = self.parts.catalog.get(repository, workflow)
        key = body.get("idempotencyKey")
        check_may_start(self.parts, access_rules(live.model) or {}, workflow, actor)
        scope, digest = f"{repository}/{workflow}", _digest(_without_secrets(body, live.model.inputs))
        known = self.parts.admission.seen(scope, key, digest) if key is not None else None
        if known is not None:
            return self.run(known), False
        if live.model.enabled is False:
            raise ConflictError(f"workflow {workflow} is disabled")
        inputs = self._inputs(live.model.inputs, body.get("inputs") or {})
        cause = Cause(
            kind="manual",
            name="",
            inputs=inputs,
            event={"kind": "manual", "scheduledAt": None},
            actor=actor,
            env=checked_env(body.get("env") or {}),
        )
        new = self.parts.admission.plan(live, cause)
        guard = self.parts.admission.once(scope, key, digest) if key is not None else None
        run, fresh = self.parts.admission.admit(new, guard=guard)
        return self.run(run), fresh

    @staticmethod
    def _inputs(declared: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return parse_inputs(declared, raw)
        except InputError as error:
            raise InputError([InputProblem("/inputs" + p.pointer, p.message) for p in error.problems]) from error

    def groups(self) -> list[dict[str, Any]]:
        """Every concurrency group that somebody is in: who holds it, who waits for it."""
        return self.parts.engine.groups.view()

    def cancel(self, run: str, actor: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ConflictError when it has ended. A second request cuts `finally` short."""
        head = self.head(run)
        if head.status.terminal:
            raise ConflictError(f"run {run} has ended: {head.status.value}")
        check_may(self.parts, head, "cancel", actor)
        now = self.parts.clock.now()

        def work(tx: Tx) -> None:
            tx.add_audit(now, dict(actor), "run.cancel", run, {"status": head.status.value}, None)

        self.parts.writer.write(work)
        who = actor.get("name") or "somebody"
        request = CancelRequested(now, message=f"cancelled by {who}", kill=head.cancel_at is not None)
        if not self.parts.engine.cancel(run, request).wait(PATIENCE):
            raise LedgerError("the cancel could not be recorded yet: the ledger is away")
        return self.run(run)

    def answer(self, run: str, key: StepKey, given: Answer, actor: Mapping[str, Any]) -> dict[str, Any]:
        """Approve or reject. The errors of `reconcile.approvals.answer`."""
        answer(self.parts, run, key, given, actor)
        return self.run(run)

    def rerun(self, run: str, again: Again, actor: Mapping[str, Any]) -> dict[str, Any]:
        """The new run. Raises ConflictError when the old one has not ended or cannot run again that way."""
        return self.run(rerun(self.parts, run, again, actor))

    def log(self, run: str, step: str, *, attempt: int | None, item: str, offset: int, limit: int) -> LogChunk:
        self.head(run)
        return read_log(
            self.parts.reads,
            run,
            self.parts.log_path,
            step,
            attempt=attempt,
            item=item,
            offset=offset,
            limit=limit,
            archive=self.parts.log_archive,
        )

    def artifacts(self, run: str, skip: int, most: int) -> list[dict[str, Any]]:
        """What the run saved, in the order of its steps."""
        return entries(run, self._artifacts(run), self.parts.objects, skip, most)

    def artifact(self, run: str, path: str, step: str | None, item: str | None) -> Download:
        """One file of it. The errors of `artifact_reader.find`."""
        return find(run, self._artifacts(run), self.parts.objects, path, step, item)

    def _artifacts(self, run: str) -> list[Kept]:
        """None once they have outlived their span: what is left of them goes with the next sweep."""
        head = self.head(run)
        parts = self.parts
        kept = spans_of(parts.settings.retention, parts.catalog, head.repository, head.workflow).artifacts
        if head.ended_at is not None and head.ended_at < self.parts.clock.now() - kept:
            return []
        return list(artifacts_of(run, self.parts.reads.steps(run)))

    # ---- secrets

    def secrets(self, actor: Mapping[str, Any]) -> list[dict[str, Any]]:
        return secret_requests.listed(self.parts, actor)

    def put_secret(self, place: tuple[str, str, str, str], value: str, actor: Mapping[str, Any]) -> dict[str, Any]:
        """`place`: kind, owner, name, environment. Raises NotFoundError, ForbiddenError, InputError."""
        return secret_requests.put(self.parts, secret_requests.place_of(self.parts, place, actor), value, actor)

    def remove_secret(self, place: tuple[str, str, str, str], actor: Mapping[str, Any]) -> None:
        """Raises NotFoundError and ForbiddenError."""
        secret_requests.remove(self.parts, secret_requests.place_of(self.parts, place, actor), actor)

    def rotate_secrets(self, actor: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ForbiddenError and SecretError."""
        return secret_requests.rotate(self.parts, actor)

    def check_secrets(self, repository: str, actor: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Raises NotFoundError."""
        return secret_requests.check_references(self.parts, repository, actor)

    def check_proposed_secrets(
        self, repository: str, proposed: Sequence[Proposed], actor: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Raises NotFoundError."""
        return proposed_secrets.check_proposed(self.parts, repository, proposed, actor)

    # ---- events and hooks

    def deliver(self, repository: str, name: str, request: HookRequest) -> HookAnswer:
        return self.parts.hooks.deliver(repository, name, request)

    def send_event(self, name: str, body: Mapping[str, Any], actor: Mapping[str, Any]) -> EventAnswer:
        """`body`: payload, idempotencyKey."""
        return self.parts.custom_events.send(name, body["payload"], body.get("idempotencyKey"), actor)

    def notify_push(self, repository: str, request: HookRequest) -> None:
        """The forge says that something was pushed: wake the source. Raises NotFoundError, VerificationError."""
        state = self.parts.sources.states.get(repository)
        if state is None:
            raise NotFoundError("no such hook")
        self.parts.hooks.verify_push(state.settings.webhook_secret, request)
        self.parts.sources.wake(repository)

    # ---- health

    def failure(self) -> str | None:
        return None if self.parts.engine.failed is None else str(self.parts.engine.failed)

    def ready(self) -> list[str]:
        reasons = []
        if self.parts.engine.failed is not None:
            reasons.append("the run loop has stopped")
        if not self.parts.sources.first_round_done():
            reasons.append("the first reconciliation is not done")
        if not self.parts.reads.reachable():
            reasons.append("the ledger cannot be read")
        return reasons


def _without_secrets(body: Mapping[str, Any], declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a digest may be made of: one of a short secret would give it away."""
    given = body.get("inputs")
    if not isinstance(given, dict):
        return body
    shown = {n: SHOWN_SECRET if n in declared and declared[n].type == "secret" else v for n, v in given.items()}
    return {**body, "inputs": shown}


def _digest(body: Mapping[str, Any]) -> str:
    """Of what a request to start a run asks for."""
    said = json.dumps([body.get("inputs") or {}, body.get("env") or {}], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
