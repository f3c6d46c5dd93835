"""Written → planned: expand a workflow for one trigger.

In: the validated models, checked inputs, the event. Out: a frozen Plan. Defaults are applied, dependencies resolved,
durations counted in milliseconds; expressions stay text until their step starts. Whatever the engine does not run yet
was refused before (`plan/supported.py`), so nothing is silently dropped here.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, to_text
from windlass.frozen import dataclass
from windlass.plan.actions import action_program, given_to
from windlass.plan.approval import planned_approval
from windlass.plan.caching import planned_cache
from windlass.plan.concurrency import planned_concurrency
from windlass.plan.graph import dependencies, reading
from windlass.plan.late import PARSERS, is_late
from windlass.plan.loop import Loop
from windlass.plan.model import EnvLayer, FileSpec, Nested, OutputSpec, Plan, PlannedStep, Retry, Wait
from windlass.plan.placement import planned_placement
from windlass.plan.program import program_of
from windlass.plan.protection import gated, refusal_of
from windlass.plan.registries import planned_registries
from windlass.plan.secret_names import names_secret, used_references
from windlass.plan.uses import commits_of, is_workflow, target_of
from windlass.plan.values import shown
from windlass_schemas.duration import parse_duration
from windlass_schemas.expression import read_whole_from_zero
from windlass_schemas.storage import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.plan.approval import Approval
    from windlass.plan.uses import Used
    from windlass_schemas.action import Action
    from windlass_schemas.repository import Environment, Repository
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import StepItem, Workflow

FINALLY_TIMEOUT = 600_000  # a cleanup that hangs must not keep a run open for ever (fine print, "Running")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known at trigger time beside the files."""

    repository: str
    commit: str | None
    inputs: Mapping[str, Any]
    event: Mapping[str, Any]
    env: Mapping[str, Any] = field(default_factory=dict)  # the trigger's layer, the strongest
    runner: str = "local"  # the server's default
    uses: Mapping[str, Used] = field(default_factory=dict)  # what the workflow uses, and what that uses
    library: str | None = None  # where the workflow stands, when not in the repository itself
    branch: str | None = None  # that the commit is of
    merged: bool = True  # the commit is one of the branch that is followed


def make_plan(workflow: Workflow, repository: Repository | None, occasion: Occasion) -> Plan:
    """The plan of one run. The models must have passed loading; inputs must have passed `plan.inputs`.

    Raises ExpressionError when a value that is needed now (a timeout, a retry) cannot be evaluated.
    """
    environment = _environment(workflow.environment, repository, occasion)
    shared = _shared_layers(workflow, repository, environment)
    expand = _Expander(workflow, repository, occasion, shared)
    steps = {item.name: expand.step(item) for item in workflow.step_items()}
    finally_ = {item.name: expand.step(item, in_finally=True) for item in workflow.finally_items()}
    if environment is not None:
        steps = gated(steps, workflow.metadata.name, environment.name, environment.written.protection)
    nests = any(step.nested is not None for step in (*steps.values(), *finally_.values()))
    return Plan(
        repository=occasion.repository,
        workflow=workflow.metadata.name,
        commit=occasion.commit,
        inputs=dict(occasion.inputs),
        event=dict(occasion.event),
        steps=steps,
        finally_=finally_,
        outputs={name: _output(declared) for name, declared in workflow.outputs.items()},
        env=shared,
        timeout=workflow.timeout,
        title=workflow.metadata.title,
        secret_inputs=tuple(name for name, declared in workflow.inputs.items() if declared.type == "secret"),
        secrets=used_references(
            expand.texts,
            repository,
            environment.written if environment is not None else None,
            shared,
            library=occasion.library is not None,
        ),
        registries=planned_registries(repository, library=occasion.library is not None),
        uses={target: used for target, used in occasion.uses.items() if nests or used.files},
        libraries=commits_of(occasion.uses.values()),
        concurrency=planned_concurrency(workflow.concurrency),
        access=access_rules(workflow),
        branch=occasion.branch,
        environment=environment.name if environment is not None else None,
        merged=occasion.merged,
        refusal=environment.refusal(occasion.branch) if environment is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Picked:
    """The environment of a run."""

    name: str
    written: Environment

    def refusal(self, branch: str | None) -> str | None:
        return refusal_of(self.name, self.written.protection, branch)


def _shared_layers(
    workflow: Workflow, repository: Repository | None, environment: _Picked | None
) -> tuple[EnvLayer, ...]:
    layers = []
    if repository is not None and repository.env:
        layers.append(EnvLayer("repository", dict(repository.env)))
    if environment is not None:
        layers.append(EnvLayer("environment", dict(environment.written.env)))
    if workflow.env:
        layers.append(EnvLayer("workflow", dict(workflow.env)))
    return tuple(layers)


def _environment(written: str | None, repository: Repository | None, occasion: Occasion) -> _Picked | None:
    """What `environment` picks from windlass.yaml, known when the run is created. Raises ExpressionError."""
    if written is None:
        return None
    try:
        name = to_text(evaluate(written, {"inputs": dict(occasion.inputs), "event": dict(occasion.event)}))
    except ExpressionError as error:
        raise ExpressionError(f"environment: {error}") from error
    known = repository.environments if repository is not None else {}
    if name not in known:
        there = ", ".join(known) or "none"
        said = f"windlass.yaml has no environment {name or shown(name)} (there are: {there})"
        raise ExpressionError(f"environment: {said}")
    return _Picked(name, known[name])


def access_rules(workflow: Workflow) -> dict[str, Any] | None:
    """Who may start and cancel runs, by what they do; None where nothing is written."""
    written = workflow.access
    if written is None:
        return None
    return {
        what: None if who is None else list(who) for what, who in (("run", written.run), ("cancel", written.cancel))
    }


def _output(declared: Any) -> dict[str, Any]:
    if isinstance(declared, str):
        return {"value": declared, "schema": None, "reads": list(reading([declared]))}
    schema = {"type": declared.type} if declared.type is not None else None
    return {"value": declared.value, "schema": schema, "reads": list(reading([declared.value]))}


class _Expander:
    """Turns written steps into planned ones, with the defaults of one workflow and repository at hand."""

    def __init__(
        self, workflow: Workflow, repository: Repository | None, occasion: Occasion, shared: tuple[EnvLayer, ...]
    ) -> None:
        self._workflow = workflow
        self._defaults = [d for d in (workflow.defaults, repository.defaults if repository else None) if d is not None]
        self._occasion = occasion
        self._shared = shared
        self.texts: list[str] = []  # those with expressions, of all steps so far
        self._main = {item.name for item in workflow.step_items()}
        self._known = {"inputs": dict(occasion.inputs), "event": dict(occasion.event)}

    def _default(self, name: str, own: Any) -> Any:
        """A step's own key replaces the default's whole value; windlass.yaml < workflow < step."""
        if own is not None or not self._defaults:
            return own
        return next((v for d in self._defaults if (v := getattr(d, name, None)) is not None), None)

    def _now(self, value: Any, name: str) -> Any:
        """A value as the plan has it: an expression over inputs and event is evaluated here, a late one is noted."""
        if is_late(value):
            self._late[name] = value
            return None
        return self._known_now(value, PARSERS[name])

    def _known_now(self, value: Any, parse: Callable[[Any], Any]) -> Any:
        if not isinstance(value, str) or "${{" not in value:
            return value
        try:
            return parse(evaluate(value, self._known))
        except ValueError as error:
            raise ExpressionError(f"{value}: {error}") from error

    def step(self, item: StepItem, *, in_finally: bool = False) -> PlannedStep:
        step = item.step
        self._late: dict[str, str] = {}
        found = dependencies(step, item.after)
        self.texts += found.texts
        timeout = self._now(self._default("timeout", step.timeout), "timeout")
        kill_after = self._now(self._default("kill_after", step.kill_after), "kill_after")
        used = self._action(step)
        action = used.action if used is not None else None
        shell = self._default("shell", step.shell)
        program = (
            action_program(used, action, self._duration) if used and action else program_of(step, shell, self._duration)
        )
        outputs = action.outputs if action is not None else step.outputs
        checkout, checkout_git = self._checkout(self._default("checkout", step.checkout))
        quiet = self._now(self._default("quiet_timeout", step.quiet_timeout), "quiet_timeout")
        retry, loop = self._retry(self._default("retry", step.retry)), self._loop(step)
        forgiven = self._now(step.continue_on_error, "continue_on_error") or False
        idempotent = self._now(step.idempotent, "idempotent") or False
        return PlannedStep(
            name=item.name,
            section="finally" if in_finally else "steps",
            needs=tuple(n for n in found.needs if not (in_finally and n in self._main)),
            reads=found.reads,
            condition=step.if_,
            tolerant=found.tolerant,
            script=program.script,
            script_name=program.script_name,
            argv=program.argv,
            args=program.args,
            parts=program.parts,
            env=self._layers(step, action),
            outputs={n: OutputSpec(o.json_schema(), o.size, file=o.type == "file") for n, o in outputs.items()},
            timeout=timeout if timeout is not None or not in_finally else FINALLY_TIMEOUT,
            quiet_timeout=quiet,
            kill_after=kill_after if kill_after is not None else 10_000,
            retry=retry,
            continue_on_error=forgiven,
            idempotent=idempotent,
            loop=loop,
            late=dict(self._late),
            wait=Wait(step.wait.for_, step.wait.until) if step.wait is not None else None,
            nested=self._nested(step),
            approval=_approval(step, in_finally),
            runner=self._default("runner", step.runner) or self._workflow.runner or self._occasion.runner,
            image=self._default("image", step.image or (action.image if action is not None else None)),
            working_directory=self._default("working_directory", step.working_directory),
            checkout=checkout or checkout_git,
            checkout_git=checkout_git,
            cache=planned_cache(step),
            files=_files(step, self._workflow),
            given=given_to(step, used, self._occasion.library) if used is not None else None,
            concurrency=planned_concurrency(step.concurrency),
            saves=step.artifacts.saved() if step.artifacts is not None else {},
            loads=dict(step.artifacts.load) if step.artifacts is not None else {},
            placement=planned_placement(step, self._default, docker=action is not None and action.permissions.docker),
        )

    def _action(self, step: Step) -> Used | None:
        if step.uses is None or is_workflow(step.uses):
            return None
        return self._used(step.uses)[1]

    def _used(self, written: str) -> tuple[str, Used]:
        target = target_of(written, self._occasion.library)
        if target not in self._occasion.uses:
            raise ExpressionError(f"uses: {written} was not loaded with this definition")
        return target, self._occasion.uses[target]

    def _nested(self, step: Step) -> Nested | None:
        if step.uses is None or not is_workflow(step.uses):
            return None
        target, occasion = self._used(step.uses)[0], self._occasion
        runner = self._default("runner", step.runner) or self._workflow.runner or occasion.runner
        return Nested(target, dict(step.with_), dict(occasion.env), runner)

    def _checkout(self, written: Any) -> tuple[bool, bool]:
        """Whether the repository is wanted, and whether with its history; `{git: false}` is wanted without."""
        if isinstance(written, Checkout):
            return True, self._now(written.git, "checkout_git") or False
        return self._now(written, "checkout") or False, False

    def _loop(self, step: Step) -> Loop | None:
        if step.for_each is None and step.matrix is None:
            return None
        most = self._now(step.max_parallel, "loop.max_parallel")
        fail_fast = self._now(step.fail_fast, "loop.fail_fast")
        bounds: dict[str, Any] = {
            "max_parallel": 10 if most is None else most,
            "fail_fast": True if fail_fast is None else fail_fast,
        }
        if step.for_each is not None:
            return Loop("forEach", source=step.for_each, **bounds)
        if isinstance(step.matrix, str):
            return Loop("matrix", source=step.matrix, **bounds)
        assert step.matrix is not None
        return Loop("matrix", axes=step.matrix.axes, include=step.matrix.include, exclude=step.matrix.exclude, **bounds)

    def _layers(self, step: Step, action: Action | None) -> tuple[EnvLayer, ...]:
        layers = [EnvLayer("action", dict(action.env))] if action is not None and action.env else []
        layers += self._shared
        if step.env:
            layers.append(EnvLayer("step", dict(step.env)))
        if self._occasion.env:
            layers.append(EnvLayer("trigger", dict(self._occasion.env)))
        return tuple(layers)

    def _duration(self, value: Any) -> Any:
        """Of a part; a late one stays text."""
        return value if is_late(value) else self._known_now(value, parse_duration)

    def _retry(self, written: Any) -> Retry:
        if written is None:
            return Retry()
        names = ("attempts", "delay", "factor", "max_delay")
        values = {name: self._now(getattr(written, name), f"retry.{name}") for name in names}
        return Retry(
            **{name: value for name, value in values.items() if value is not None},
            on=tuple(written.on),
            exit_codes=tuple(self._known_now(code, read_whole_from_zero) for code in written.exit_codes),
            never=tuple(self._known_now(code, read_whole_from_zero) for code in written.never),
        )


def _files(step: Step, workflow: Workflow) -> tuple[FileSpec, ...]:
    """What holds a secret is for reading by its owner, unless it says otherwise."""
    secret = [name for name, declared in workflow.inputs.items() if declared.type == "secret"]
    return tuple(
        FileSpec(path, one.content, "0400")
        if "mode" not in one.model_fields_set and names_secret(one.content, secret)
        else FileSpec(path, one.content, one.mode)
        for path, one in step.files.items()
    )


def _approval(step: Step, in_finally: bool) -> Approval | None:
    if step.approval is None:
        return None
    return planned_approval(step.approval, timeout=FINALLY_TIMEOUT if in_finally else None)
