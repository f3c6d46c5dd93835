"""A webhook delivery becomes runs: verify first, parse afterwards, answer only what is committed (R15).

In: a repository, a hook's name, the request as it came. Out: the ids of the runs, and whether they are new. A delivery
id that was seen in the last seven days gives the same answer and starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.clock import to_rfc3339
from windlass.crashpoints import reach
from windlass.errors import ExpressionError, InputError, InputProblem, NotFoundError, SecretError
from windlass.expressions import evaluate_bool
from windlass.plan.inputs import parse_inputs
from windlass.plan.values import escaped
from windlass.reconcile.creation import Cause, NewRun, evaluated, record
from windlass.reconcile.posted_form import filled_form, open_inputs, posted_fields
from windlass.runs.model import SecretScope
from windlass.triggers.payload import event_of, parse_body
from windlass.triggers.webhook import ping, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.clock import Clock
    from windlass.reconcile.admission import Admission
    from windlass.reconcile.catalog import Catalog, LiveWorkflow
    from windlass.reconcile.engine import Engine
    from windlass.store.tx import Tx
    from windlass.store.writer import Writer
    from windlass.triggers.webhook import HookRequest

    # (reference, whose) -> the value; raises SecretError
    Resolve = Callable[[str, SecretScope], str]

REMEMBERED = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """`runs` as (id, workflow); `reason` when nothing was started; `respond` as the trigger declares it.

    `challenge` is what Slack wants to hear when it verifies the address.
    """

    runs: tuple[tuple[str, str], ...]
    fresh: bool = True
    reason: str | None = None
    respond: Mapping[str, Any] = field(default_factory=dict)
    challenge: str | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    live: LiveWorkflow
    trigger: Any  # the written webhook trigger


class Hooks:
    def __init__(
        self,
        catalog: Catalog,
        admission: Admission,
        engine: Engine,
        writer: Writer,
        clock: Clock,
        secrets: Mapping[str, Sequence[bytes]],
        *,
        open_server: bool,
        resolve: Resolve | None = None,
    ) -> None:
        """`secrets`: the server's own keys. `resolve` opens a reference of windlass.yaml at a commit."""
        self._catalog = catalog
        self._admission = admission
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._secrets = secrets
        self._open = open_server
        self._resolve = resolve

    def targets(self, repository: str, name: str) -> list[_Target]:
        """The workflows that wait for this hook. Raises NotFoundError: unknown and disabled ones look alike."""
        found = [
            _Target(live, trigger)
            for live in self._catalog.of(repository).values()
            for trigger in enabled_hooks(live)
            if trigger.name == name
        ]
        if not found:
            raise NotFoundError("no such hook")
        return found

    def deliver(self, repository: str, name: str, request: HookRequest) -> HookAnswer:
        """Raises NotFoundError, VerificationError (401), PayloadError (4xx), InputError (422)."""
        targets = self.targets(repository, name)
        written = targets[0].trigger.verify
        options = {"header": written.header, "idHeader": written.id_header}
        verified = verify(written.scheme, request, self._keys(targets[0]), self._clock.now(), options)
        body = parse_body(request.header("content-type"), request.body)
        reason = ping(written.scheme, request, body)
        if reason is not None:
            said = body.get("challenge") if isinstance(body, dict) else None
            return HookAnswer((), reason=reason, challenge=said if isinstance(said, str) else None)
        hidden = frozenset({written.header.lower()}) if written.header else frozenset()
        event = event_of(request, body, hidden=hidden)
        form = posted_fields(request, body) if self._asked(targets) else None
        if form is not None:
            self._check_fields(form, targets)
        return self._start(repository, name, targets, event, verified.delivery_id, form)

    def form(self, repository: str, name: str, given: Mapping[str, str] | None = None) -> tuple[str, dict[str, Any]]:
        """The title and the JSON Schema of the inputs that the trigger does not set, filled in with what is `given` and
        without those that their `showIf` hides then. Raises NotFoundError: only a hook that verifies nothing and leaves
        something open has a form."""
        targets = self.targets(repository, name)
        asked = self._asked(targets)
        if not asked:
            raise NotFoundError("no such form")
        live = targets[0].live
        return live.model.metadata.title or live.name, filled_form(asked, given or {})

    @staticmethod
    def _asked(targets: Sequence[_Target]) -> dict[str, Any]:
        """The inputs that a form asks for; none where the sender is verified, for a person cannot sign."""
        if any(target.trigger.verify.scheme != "none" for target in targets):
            return {}
        return {name: one for target in targets for name, one in open_inputs(target.live.model, target.trigger).items()}

    def _check_fields(self, form: Mapping[str, str], targets: Sequence[_Target]) -> None:
        asked = self._asked(targets)
        unknown = [
            InputProblem(f"/{escaped(name)}", "this form has no such field") for name in form if name not in asked
        ]
        if unknown:
            raise InputError(unknown)

    def _keys(self, target: _Target) -> Sequence[bytes]:
        """A secret of the repository's windlass.yaml, else a key of the server; nothing: every delivery is refused."""
        written, live = target.trigger.verify, target.live
        if written.scheme == "none":
            return ()
        settings = live.repository_model
        reference = settings.secrets.get(written.secret) if settings is not None else None
        if reference is None or self._resolve is None:
            return self._secrets.get(written.secret, ())
        try:
            return [self._resolve(reference, SecretScope(live.repository, live.commit)).encode()]
        except SecretError as error:
            log.event(
                "hook.no-key", level="warning", repository=live.repository, hook=target.trigger.name, error=str(error)
            )
            return ()

    def verify_push(self, secret: str | None, request: HookRequest) -> None:
        """A forge's signature, where the repository names a key; without one every notification is taken."""
        if secret is None:
            if not self._open:
                raise NotFoundError("no such hook")
            return
        scheme = "gitlab" if request.header("x-gitlab-token") is not None else "github"
        verify(scheme, request, self._secrets.get(secret, ()), self._clock.now(), {})

    def _start(
        self,
        repository: str,
        name: str,
        targets: list[_Target],
        event: Mapping[str, Any],
        delivery: str | None,
        form: Mapping[str, str] | None,
    ) -> HookAnswer:
        prepared: list[NewRun] = []
        reasons: list[str] = []
        respond = None
        for target in targets:
            reason = self._refusal(target, event)
            if reason is not None:
                reasons.append(reason)
                continue
            respond = target.trigger.respond if not prepared else respond
            prepared.append(self._admission.plan(target.live, self._cause(target, name, event, form)))
        reach("hook.before-record")
        answer, fresh = self._record(f"{repository}/{name}", delivery, repository, name, prepared, reasons)
        reach("hook.recorded")
        if fresh:
            with self._engine.round:
                for new in prepared:
                    self._engine.add(new.state())
        return HookAnswer(
            runs=tuple((run["id"], run["workflow"]) for run in answer["runs"]),
            fresh=fresh,
            reason=answer.get("reason"),
            respond={} if respond is None else respond.model_dump(by_alias=True, exclude_none=True),
        )

    def _refusal(self, target: _Target, event: Mapping[str, Any]) -> str | None:
        condition, now = target.trigger.if_, to_rfc3339(self._clock.now())
        if condition is None or condition is True:
            return None
        try:
            scope = {"event": dict(event), "repository": {"name": target.live.repository}}
            wanted = condition is not False and evaluate_bool(condition, scope, {"now": lambda: now})
        except ExpressionError as error:
            return f"{target.live.name}: if: {error}"
        return None if wanted else f"{target.live.name}: its `if` is false"

    def _cause(self, target: _Target, name: str, event: Mapping[str, Any], form: Mapping[str, str] | None) -> Cause:
        model, trigger = target.live.model, target.trigger
        try:
            values, env = evaluated(
                trigger.inputs, trigger.env, event, target.live.repository, to_rfc3339(self._clock.now())
            )
        except ExpressionError as error:
            raise InputError([InputProblem("", str(error))]) from error
        asked = open_inputs(model, trigger)
        texts = {name: text for name, text in (form or {}).items() if name in asked and text != ""}
        try:
            inputs = parse_inputs(model.inputs, values, texts=texts)
        except InputError as error:
            if form is not None:
                raise
            # What does not fit was computed from the request: no place in its body can be named for it.
            told = [InputProblem("", f"input {p.pointer.lstrip('/')}: {p.message}") for p in error.problems]
            raise InputError(told) from error
        return Cause(
            kind="webhook",
            name=name,
            inputs=inputs,
            event=event,
            actor={"kind": "webhook", "name": name},
            env=env,
        )

    def _record(
        self,
        scope: str,
        delivery: str | None,
        repository: str,
        name: str,
        prepared: list[NewRun],
        reasons: list[str],
    ) -> tuple[dict[str, Any], bool]:
        now = self._clock.now()
        answer: dict[str, Any] = {"runs": [{"id": n.head.id, "workflow": n.head.workflow} for n in prepared]}
        if not prepared:
            answer["reason"] = "; ".join(reasons)

        def work(tx: Tx) -> tuple[dict[str, Any], bool]:
            if delivery is not None:
                known = tx.find_delivery(scope, delivery, now - REMEMBERED)
                if known is not None:
                    return known, False
                tx.remember_delivery(scope, delivery, answer, now)
            for new in prepared:
                record(tx, new)
                tx.insert_firing(
                    repository, new.head.workflow, f"webhook.{name}", new.head.id, None, new.head.id, None, now
                )
            for reason in reasons:
                workflow = reason.partition(":")[0]
                key = f"{delivery or ''}@{now}"
                tx.insert_firing(repository, workflow, f"webhook.{name}", key, None, None, reason, now)
            return answer, True

        return self._writer.write(work)


def enabled_hooks(live: LiveWorkflow) -> list[Any]:
    model = live.model
    if model.enabled is False or model.triggers is None:
        return []
    return [trigger for trigger in model.triggers.webhook or () if trigger.enabled is not False]
