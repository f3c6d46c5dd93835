"""What an expression may use at each place of a workflow: names with their types, functions, secrets.

In: a workflow and the repository's settings. Out: one `Scope` for each kind of place. It says before anything runs
what the run will offer (runs/scope.py), so a name that is accepted here is there then.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from windlass.expressions import Scope, Type, declared_type
from windlass.plan.uses import target_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from windlass.loading.signatures import Signature
    from windlass_schemas.declaration import Declaration
    from windlass_schemas.inputs import Input
    from windlass_schemas.repository import Repository
    from windlass_schemas.step import Step
    from windlass_schemas.workflow import StepItem, Workflow

VALUES = frozenset({"hashFiles", "now"})
PART_CONDITIONS = frozenset({"success", "failure", "always"})
CONDITIONS = VALUES | PART_CONDITIONS | {"cancelled"}
_NO_CANCEL = {"cancelled()": "nothing of a step runs after a cancel: clean up in a step of finally"}
_FOREIGN = (
    "an action knows nothing of the workflow that uses it: declare an input and look at INPUT_<NAME> in the script"
)
NOT_IN_ACTIONS = {
    **_NO_CANCEL,
    **dict.fromkeys(
        ("inputs", "env", "event", "run", "steps", "repository", "secrets", "item", "index", "matrix"), _FOREIGN
    ),
}
RUN: dict[str, Type] = {
    "run.id": Type.STRING,
    "run.commit": Type.STRING.or_null(),
    "run.status": Type.STRING,
    "run.startedAt": Type.STRING.or_null(),
    "run.createdAt": Type.STRING,
    "run.actor": Type.STRING.or_null(),
    "run.workflow": Type.STRING,
    "run.trigger": Type.STRING.or_null(),
    "repository.name": Type.STRING,
}
# What any kind of event may hold (fine print, "Expressions"); what this one lacks is missing when it is read.
EVENT: dict[str, Type] = {
    "event.kind": Type.STRING,
    "event.scheduledAt": Type.STRING.or_null(),
    **{f"event.{name}": Type.DYN for name in ("body", "headers", "query", "run", "hops", "name")},
    **{f"event.{name}": Type.DYN for name in ("ref", "before", "commit", "paths", "actor", "tag")},
}
APPROVAL: dict[str, Type] = {"by": Type.LIST, "comment": Type.STRING.or_null()}


def type_of(declared: Declaration) -> Type:
    items = declared.items.type if declared.type == "array" and declared.items is not None else None
    return declared_type(declared.type, items)


def input_names(inputs: Mapping[str, Input]) -> dict[str, Type]:
    """An optional input without a default is null when it is absent; a file is given as its text."""
    return {
        f"inputs.{name}": _given(declared)
        if declared.is_always_required or declared.has_default
        else _optional(declared)
        for name, declared in inputs.items()
    }


def _given(declared: Declaration) -> Type:
    return Type.STRING if declared.type == "file" else type_of(declared)


def _optional(declared: Declaration) -> Type:
    found = _given(declared)
    return found if found == Type.SECRET else found.or_null()


class Scopes:
    """The scopes of one workflow, each built when it is first asked for."""

    def __init__(
        self,
        workflow: Workflow,
        main: Sequence[StepItem],
        last: Sequence[StepItem],
        repository: Repository | None,
        *,
        unsure: bool = False,
        signatures: Mapping[str, Signature] | None = None,
    ) -> None:
        """`unsure`: windlass.yaml cannot be read, so any name of it may exist. `signatures`: of what steps use."""
        self._signatures = signatures or {}
        self._workflow = workflow
        self._unsure = unsure
        self._repository = repository
        self._inputs = input_names(workflow.inputs)
        self._main = main
        self._last = last

    @cached_property
    def start(self) -> Scope:
        """What is known when a run is created: titles, labels, environment, concurrency, `env` of the workflow."""
        late = "steps have not run yet when this is evaluated"
        absent = {"steps": late, "secrets": _NO_SECRETS, **_NO_LOOP}
        return Scope({**self._inputs, **EVENT, **RUN}, VALUES, secrets=False, absent=absent)

    @cached_property
    def environment(self) -> Scope:
        """It picks what the rest is made from: only what started the run is known."""
        early = "environment is picked first: it sees inputs and event alone"
        absent = {"steps": early, "run": early, "repository": early, "env": early, "secrets": _NO_SECRETS, **_NO_LOOP}
        absent |= {"now()": early, "hashFiles()": early}
        return Scope({**self._inputs, **EVENT}, frozenset(), secrets=False, absent=absent)

    @cached_property
    def workflow_env(self) -> Scope:
        late = "the workflow's env is known before any step has run"
        absent = {"steps": late, "env": "env is being made here", **_NO_LOOP}
        return Scope({**self._inputs, **EVENT, **RUN, **self._secrets}, VALUES, secrets=True, absent=absent)

    @cached_property
    def event(self) -> Scope:
        """A trigger knows what happened, and nothing of the run that it may start."""
        absent = {
            "inputs": "the inputs are what a trigger gives: use event",
            "run": "there is no run before the trigger fires",
            "steps": "there is no run before the trigger fires",
            "env": "a trigger does not see env",
            "secrets": _NO_SECRETS,
            **_NO_LOOP,
        }
        return Scope({**EVENT, "repository.name": Type.STRING}, frozenset({"now"}), secrets=False, absent=absent)

    @cached_property
    def form(self) -> Scope:
        """`showIf`: only the inputs themselves."""
        return Scope(self._inputs, frozenset(), secrets=False, absent={"event": "the form knows only the inputs"})

    @cached_property
    def outputs(self) -> Scope:
        """The workflow's outputs: everything has ended."""
        names = {**self._everywhere, **self._step_names([*self._main, *self._last])}
        absent = {"secrets": _NO_SECRETS, **_NO_LOOP, **self._no_outputs([*self._main, *self._last])}
        return Scope(names, VALUES, secrets=False, absent=absent)

    def step(self, item: StepItem, *, condition: bool, secrets: bool, once: bool = False) -> Scope:
        """A step's values, its `if`, or the places where secrets may stand; `once`: before a loop has items."""
        in_finally = item.path[0] == "finally"
        loop = loop_names(item.step)
        if once and loop is not None:
            scope = self.step(item, condition=condition, secrets=secrets)
            names = {name: found for name, found in scope.names.items() if name.partition(".")[0] not in _BEFORE_ITEMS}
            return replace(scope, names=names, absent={**scope.absent, **_BEFORE_ITEMS})
        key = (in_finally, None if loop is None else frozenset(loop.items()), condition, secrets)
        if key not in self._steps:
            self._steps[key] = self._step(in_finally, loop, condition, secrets)
        return self._steps[key]

    def part(self, scope: Scope) -> Scope:
        """The same for a part of the step: it runs after a failure of an earlier part, never after a cancel."""
        return replace(scope, functions=scope.functions - {"cancelled"}, absent={**scope.absent, **_NO_CANCEL})

    @cached_property
    def _steps(self) -> dict[tuple[bool, frozenset[tuple[str, Type]] | None, bool, bool], Scope]:
        return {}

    def _step(self, in_finally: bool, loop: Mapping[str, Type] | None, condition: bool, secrets: bool) -> Scope:
        names = {**self._everywhere, **self._step_names([*self._main, *(self._last if in_finally else ())])}
        absent = self._no_outputs([*self._main, *(self._last if in_finally else ())])
        names |= loop or {}
        absent |= _NO_LOOP if loop is None else _NO_MATRIX if _is_for_each(loop) else _NO_ITEM
        if not in_finally:
            late = "it is a step of finally, which runs after all others"
            absent |= {f"steps.{item.name}": late for item in self._last}
        if secrets:
            names |= self._secrets
        else:
            absent["secrets"] = _NO_SECRETS
        return Scope(names, CONDITIONS if condition else VALUES, secrets=secrets, absent=absent)

    @cached_property
    def _everywhere(self) -> dict[str, Type]:
        env = {"env": Type.DYN} if self._unsure else dict.fromkeys((f"env.{name}" for name in self._env()), Type.STRING)
        return {**self._inputs, **EVENT, **RUN, **env}

    def _env(self) -> Iterable[str]:
        """The workflow's and the environment's layers (fine print, "Expressions"); any environment may be picked."""
        layers = [self._workflow.env]
        if self._repository is not None:
            layers.append(self._repository.env)
            if self._workflow.environment is not None:
                layers += [environment.env for environment in self._repository.environments.values()]
        return {name for layer in layers for name in layer}

    @cached_property
    def _secrets(self) -> dict[str, Type]:
        if self._unsure:
            return {"secrets": Type.DYN}
        if self._repository is None:
            return {}
        environments = self._repository.environments.values()
        names = {*self._repository.secrets, *(name for found in environments for name in found.secrets)}
        return {f"secrets.{name}": Type.SECRET for name in names}

    def _no_outputs(self, items: Iterable[StepItem]) -> dict[str, str]:
        """What is written and not declared ends a step `errored`: there is nothing that could be read."""
        found = {}
        for item in items:
            signature = self._signature(item.step)
            if signature is not None and not signature.outputs:
                found[f"steps.{item.name}.outputs"] = f"{item.step.uses} declares no outputs"
            elif not item.step.outputs and item.step.approval is None and item.step.uses is None:
                found[f"steps.{item.name}.outputs"] = f"{item.name} declares no outputs"
            if (signature is not None or item.step.uses is None) and not artifact_names(item.step, signature):
                found[f"steps.{item.name}.artifacts"] = f"{item.name} saves no artifacts"
        return found

    def _step_names(self, items: Iterable[StepItem]) -> dict[str, Type]:
        names: dict[str, Type] = {}
        for item in items:
            prefix = f"steps.{item.name}"
            names[f"{prefix}.status"] = Type.STRING
            names |= self._artifacts(f"{prefix}.artifacts", item.step)
            if item.step.for_each is not None or item.step.matrix is not None:
                names[f"{prefix}.items"] = Type.LIST
            else:
                names |= _outputs(f"{prefix}.outputs", item.step, self._signature(item.step))
        return names

    def _artifacts(self, prefix: str, step: Step) -> dict[str, Type]:
        signature = self._signature(step)
        if step.uses is not None and signature is None:
            return {prefix: Type.DYN}  # an action may have outputs that are files
        return dict.fromkeys((f"{prefix}.{name}" for name in artifact_names(step, signature)), Type.MAP)

    def _signature(self, step: Step) -> Signature | None:
        return self._signatures.get(target_of(step.uses)) if step.uses is not None else None


def artifact_names(step: Step, signature: Signature | None = None) -> list[str]:
    """What a step saves; an output of type file is an artifact of its name."""
    saved = step.artifacts.saved() if step.artifacts is not None else ()
    outputs = signature.outputs if signature is not None else step.outputs
    files = [name for name, declared in outputs.items() if declared is not None and declared.type == "file"]
    return [*saved, *files]


def _outputs(prefix: str, step: Step, signature: Signature | None) -> dict[str, Type]:
    if step.approval is not None:
        asked = {name.removeprefix("inputs."): found for name, found in input_names(step.approval.inputs).items()}
        asked = {f"{prefix}.{name}": found for name, found in asked.items()}
        return {**asked, **{f"{prefix}.{name}": found for name, found in APPROVAL.items()}}
    if signature is not None:
        outputs = signature.outputs.items()
        return {f"{prefix}.{name}": Type.DYN if found is None else type_of(found) for name, found in outputs}
    if step.uses is not None:
        return {prefix: Type.DYN}
    return {f"{prefix}.{name}": type_of(declared) for name, declared in step.outputs.items()}


def loop_names(step: Step) -> dict[str, Type] | None:
    """What expressions of a loop see in each of its items (runs/expand.py); None for a step that is no loop."""
    if step.for_each is not None:
        items = {"item.key": Type.STRING, "item.value": Type.DYN} if isinstance(step.for_each, dict) else {}
        return {**(items or {"item": _common(step.for_each)}), "index": Type.INT}
    if step.matrix is None:
        return None
    if isinstance(step.matrix, str) or isinstance(step.matrix.include, str):
        return {"matrix": Type.DYN, "index": Type.INT}
    values: dict[str, list[Any] | None] = {
        name: None if isinstance(axis, str) else list(axis) for name, axis in step.matrix.axes.items()
    }
    for cell in step.matrix.include:
        for name, value in cell.items():
            found = values.setdefault(name, [])
            values[name] = None if found is None else [*found, value]
    return {**{f"matrix.{name}": _common(found) for name, found in values.items()}, "index": Type.INT}


def _common(values: Any) -> Type:
    """The type that all of the written values have; DYN when they differ, or when only a run knows them."""
    if isinstance(values, int):
        return Type.INT
    if not isinstance(values, list):
        return Type.DYN
    kinds = {_SCALARS.get(type(value)) if not (isinstance(value, str) and "${{" in value) else None for value in values}
    return kinds.pop() or Type.DYN if len(kinds) == 1 else Type.DYN


def _is_for_each(loop: Mapping[str, Type]) -> bool:
    return any(name.partition(".")[0] == "item" for name in loop)


_SCALARS = {str: Type.STRING, bool: Type.BOOL, int: Type.INT, float: Type.DOUBLE}
_BEFORE_ITEMS = dict.fromkeys(("item", "index", "matrix"), "this is evaluated once, before the loop has items")
_NO_ITEM = {"item": "the values of a matrix are matrix.NAME"}
_NO_MATRIX = {"matrix": "the values of forEach are item and index"}
_NO_SECRETS = "secrets may stand in env, files.*.content, with of a secret input, and verify"
_NO_LOOP = dict.fromkeys(("item", "index", "matrix"), "only a step with forEach or matrix knows it")
