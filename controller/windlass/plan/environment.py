"""The environment of a planned step, variable by variable, with the layer that each value comes from.

In: a plan and a step of it. Out: `Variable` values, each name's layers weakest first. What is known before a run
(inputs, the repository, other variables) is computed; what only a run knows stays as it is written, and a secret is
never more than `***`. The layers are the plan's own, so this is what a run would lay over one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import ExpressionError
from windlass.expressions import evaluate, functions, parse_template, references, to_text
from windlass.expressions.template import Expr
from windlass.plan.graph import texts_in
from windlass.plan.inputs import input_variable
from windlass.plan.model import EnvLayer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.plan.model import Given, Plan, PlannedStep

HIDDEN = "***"
# What these say is only known in a run.
OF_A_RUN = frozenset({"now", "hashFiles", "success", "failure", "cancelled", "always"})
LITERAL = ("trigger", "action")  # these layers are text already and are never evaluated (catalogue W11)


@dataclass(frozen=True, slots=True)
class Variable:
    """`value` None: the layer unsets the name. `wins`: no stronger layer says something else."""

    name: str
    value: str | None
    layer: str
    wins: bool


def variables(plan: Plan, step: PlannedStep) -> list[Variable]:
    """Every layer of every variable, by name; the last one of a name wins."""
    known = _Known(plan)
    found: dict[str, list[tuple[str, str | None]]] = {}
    for layer in step.env:
        for name, value in layer.values.items():
            found.setdefault(name, []).append((layer.name, known.shown(layer, value)))
    for name, text in _given(step.given, known) if step.given is not None else ():
        if text is not None or name in found:
            found.setdefault(name, []).append(("with", text))
    return [
        Variable(name, value, layer, wins=index == len(layers) - 1)
        for name, layers in sorted(found.items())
        for index, (layer, value) in enumerate(layers)
    ]


def known_values(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values, written for what a step uses, that are known before a run."""
    known = _Known(plan)
    return {name: found for name, value in values.items() if (found := known.value(value)) is not None}


def _given(given: Given, known: _Known) -> Iterator[tuple[str, str | None]]:
    """The variables of an action's inputs: given, by default, or not at all, whatever a layer says."""
    for name, declared in given.declared.items():
        value = given.values.get(name)
        value = declared.get("default") if value is None else value
        hidden = declared.get("type") == "secret" and value is not None
        yield input_variable(name), HIDDEN if hidden else known.shown(EnvLayer("with", {}), value)


class _Known:
    """What can be computed before there is a run."""

    def __init__(self, plan: Plan) -> None:
        self._secret = {f"inputs.{name}" for name in plan.secret_inputs}
        self._values: dict[str, dict[str, Any]] = {
            "inputs": dict(plan.inputs),
            "repository": {"name": plan.repository},
            "run": {"workflow": plan.workflow, "commit": plan.commit},
        }
        self._values["env"] = dict(self._shared(plan.env))

    def _shared(self, layers: Iterable[EnvLayer]) -> Iterator[tuple[str, str]]:
        """What `env.X` shows: the layers that all steps have in common, as far as they are known."""
        last = {name: (layer, value) for layer in layers for name, value in layer.values.items()}
        for name, (_, value) in last.items():
            if value is not None and (not isinstance(value, str) or self._can(value)):
                text = self._text(value)
                if text is not None:
                    yield name, text

    def shown(self, layer: EnvLayer, value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str):
            return to_text(value)
        if layer.name in LITERAL:
            return value
        whole = self._text(value) if self._can(value) else None
        return whole if whole is not None else "".join(map(self._part, parse_template(value).parts))

    def value(self, value: Any) -> Any:
        """A value of any type, computed; None when it is not known."""
        if isinstance(value, str):
            return evaluate(value, self._values) if self._can(value) and self._text(value) is not None else None
        return None if any(True for _ in texts_in(value)) else value

    def _part(self, part: Any) -> str:
        """A part of a text that is not known as a whole."""
        if not isinstance(part, Expr):
            return str(part.text)
        text = "${{ " + part.source + " }}"
        if self._is_secret(text):
            return HIDDEN
        found = self._text(text) if self._can(text) else None
        return text if found is None else found

    def _is_secret(self, text: str) -> bool:
        return any(name.partition(".")[0] == "secrets" or name in self._secret for name in references(text))

    def _can(self, text: str) -> bool:
        if self._is_secret(text) or functions(text) & OF_A_RUN:
            return False
        return all(_has(self._values, reference) for reference in references(text))

    def _text(self, value: Any) -> str | None:
        try:
            return to_text(evaluate(value, self._values) if isinstance(value, str) else value)
        except ExpressionError:
            return None  # it would be an error of the run: shown as it is written


def _has(values: Mapping[str, Mapping[str, Any]], reference: str) -> bool:
    root, _, rest = reference.partition(".")
    return bool(rest) and root in values and rest.partition(".")[0] in values[root]
