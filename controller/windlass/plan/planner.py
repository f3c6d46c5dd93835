"""Written → planned: expand a workflow for one trigger.

In: the validated models, checked inputs, the event. Out: a frozen Plan. Defaults are applied, dependencies resolved,
durations counted in milliseconds; expressions stay text until their step starts. Whatever the engine does not run yet
was refused before (`plan/supported.py`), so nothing is silently dropped here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.plan.graph import dependencies, reading
from windlass.plan.model import EnvLayer, OutputSpec, Plan, PlannedStep, Retry
from windlass.plan.shells import SHELLS, Shell, php_script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass_schemas.repository import Repository
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import Workflow

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


def make_plan(workflow: Workflow, repository: Repository | None, occasion: Occasion) -> Plan:
    """The plan of one run. The models must have passed loading; inputs must have passed `loading.inputs`."""
    shared = _shared_layers(workflow, repository)
    expand = _Expander(workflow, repository, occasion, shared)
    return Plan(
        repository=occasion.repository,
        workflow=workflow.metadata.name,
        commit=occasion.commit,
        inputs=dict(occasion.inputs),
        event=dict(occasion.event),
        steps={name: expand.step(name, step, previous) for name, step, previous in workflow.ordered_steps()},
        finally_={
            name: expand.step(name, step, previous, in_finally=True)
            for name, step, previous in workflow.ordered_finally()
        },
        outputs={name: _output(declared) for name, declared in workflow.outputs.items()},
        env=shared,
        timeout=workflow.timeout,
        title=workflow.metadata.title,
        secret_inputs=tuple(name for name, declared in workflow.inputs.items() if declared.type == "secret"),
    )


def _shared_layers(workflow: Workflow, repository: Repository | None) -> tuple[EnvLayer, ...]:
    layers = []
    if repository is not None and repository.env:
        layers.append(EnvLayer("repository", dict(repository.env)))
    if workflow.env:
        layers.append(EnvLayer("workflow", dict(workflow.env)))
    return tuple(layers)


def _output(declared: Any) -> dict[str, Any]:
    value = declared.value
    schema = declared.schema_() if declared.type is not None else None
    return {"value": value, "schema": schema, "reads": list(reading([value]))}


class _Expander:
    """Turns written steps into planned ones, with the defaults of one workflow and repository at hand."""

    def __init__(
        self, workflow: Workflow, repository: Repository | None, occasion: Occasion, shared: tuple[EnvLayer, ...]
    ) -> None:
        self._workflow = workflow
        self._defaults = [d for d in (workflow.defaults, repository.defaults if repository else None) if d is not None]
        self._occasion = occasion
        self._shared = shared
        self._main = {name for name, _, _ in workflow.ordered_steps()}

    def _default(self, name: str, own: Any) -> Any:
        """A step's own key replaces the default's whole value; windlass.yaml < workflow < step."""
        if own is not None:
            return own
        return next((v for d in self._defaults if (v := getattr(d, name, None)) is not None), None)

    def step(self, name: str, step: Step, previous: str | None, *, in_finally: bool = False) -> PlannedStep:
        found = dependencies(step, previous)
        needs = tuple(n for n in found.needs if not (in_finally and n in self._main))
        timeout = self._default("timeout", step.timeout)
        retry = self._default("retry", step.retry)
        script, script_name, argv = self._program(step)
        return PlannedStep(
            name=name,
            section="finally" if in_finally else "steps",
            needs=needs,
            reads=found.reads,
            condition=step.if_,
            tolerant=found.tolerant,
            script=script,
            script_name=script_name,
            argv=argv,
            env=self._layers(step),
            outputs={n: OutputSpec(o.schema_(), o.size) for n, o in (step.outputs or {}).items()},
            timeout=timeout if timeout is not None or not in_finally else FINALLY_TIMEOUT,
            kill_after=step.kill_after if step.kill_after is not None else 10_000,
            retry=_retry(retry),
            continue_on_error=bool(step.continue_on_error),
            idempotent=bool(step.idempotent),
            runner=self._default("runner", step.runner) or self._workflow.runner or self._occasion.runner,
            image=self._default("image", step.image),
            working_directory=step.working_directory,
        )

    def _layers(self, step: Step) -> tuple[EnvLayer, ...]:
        layers = list(self._shared)
        if step.env:
            layers.append(EnvLayer("step", dict(step.env)))
        if self._occasion.env:
            layers.append(EnvLayer("trigger", dict(self._occasion.env)))
        return tuple(layers)

    def _program(self, step: Step) -> tuple[str | None, str, tuple[str, ...]]:
        """Script, its file's name, and the program's words."""
        if step.run is None:
            return None, "script", (*_words(step.command), *(step.args or ()))
        assert isinstance(step.run, str)
        shell = self._shell(self._default("shell", step.shell) or "bash")
        text = php_script(step.run) if shell is SHELLS["php"] else step.run
        return text, shell.file_name, shell.argv

    @staticmethod
    def _shell(written: Any) -> Shell:
        if isinstance(written, str):
            return SHELLS[written]
        return Shell(tuple(written.command), "script")


def _words(command: Any) -> tuple[str, ...]:
    return (command,) if isinstance(command, str) else tuple(command or ())


def _retry(written: Any) -> Retry:
    if written is None:
        return Retry()
    return Retry(
        attempts=written.attempts,
        delay=written.delay,
        factor=written.factor,
        max_delay=written.max_delay,
        on=tuple(written.on),
        exit_codes=tuple(written.exit_codes),
        never=tuple(written.never),
    )
