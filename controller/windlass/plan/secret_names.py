"""Which secrets a plan names, and which of them a step's own texts name.

In: written texts, the `secrets` of windlass.yaml. Out: name -> reference, frozen with the plan; the placeholders that a
text may be filled in with. What arrives from outside (an event, an output) may spell any placeholder: only what the
author of a step wrote decides which values the step is given.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from windlass.expressions import references
from windlass.plan.graph import texts_in
from windlass.plan.placeholders import names_in, placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from windlass.plan.model import EnvLayer, Plan, PlannedStep
    from windlass_schemas.repository import Environment, Repository

# What stands where a name has no reference that may be resolved. Both are no references.
UNDECLARED = ""  # neither windlass.yaml nor its environment of this run has the name
FOREIGN = "of-a-library"  # a library's own windlass.yaml has it: nothing of its user's is opened for that
_LITERAL = frozenset({"trigger", "action"})  # layers of text that is never evaluated


def secret_name(name: str, reference: str) -> str:
    """What the placeholder of `secrets.NAME` is called: two workflows of a run may mean different things by NAME."""
    return f"secrets.{name}.{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def display_name(name: str) -> str:
    """As its author wrote it: `secrets.NAME`, `inputs.token`."""
    root, _, rest = name.partition(".")
    return f"{root}.{rest.rpartition('.')[0]}" if root in ("secrets", "registries") else name


def used_references(
    texts: Iterable[str],
    repository: Repository | None,
    environment: Environment | None,
    layers: Iterable[EnvLayer],
    *,
    library: bool,
) -> dict[str, str]:
    """The reference of each name that a workflow uses in `texts` (those of its steps) and in `layers`; an environment's
    wins over the repository's."""
    declared: dict[str, str] = dict(repository.secrets) if repository is not None else {}
    declared |= environment.secrets if environment is not None else {}
    shared = [text for layer in layers for text in texts_in(dict(layer.values))]
    found = {name: declared.get(name, UNDECLARED) for name in sorted(set(_secrets_in([*shared, *texts])))}
    return {name: FOREIGN if library and ref else ref for name, ref in found.items()}


def _secrets_in(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        if "secrets" in text:
            for reference in references(text):
                root, _, rest = reference.partition(".")
                if root == "secrets" and rest:
                    yield rest.partition(".")[0]


def names_secret(text: str, inputs: Iterable[str]) -> bool:
    """`inputs`: those of type secret."""
    wanted = {f"inputs.{name}" for name in inputs}
    found = references(text) if "secrets" in text or "inputs" in text else ()
    return any(one.startswith("secrets.") or ".".join(one.split(".")[:2]) in wanted for one in found)


def secret_values(plan: Plan) -> dict[str, str]:
    """What expressions see as `secrets`."""
    return {name: placeholder(secret_name(name, reference)) for name, reference in plan.secrets.items()}


def names_for_step(plan: Plan, step: PlannedStep) -> dict[str, str | None]:
    """The placeholders that a step may be filled in with, and their references; None: a value the run was given."""
    if not plan.secrets and not plan.secret_inputs:
        return {}
    values: list[Any] = [dict(layer.values) for layer in step.env if layer.name not in _LITERAL]
    values += [[file.content for file in step.files], [dict(part.env) for part in step.parts]]
    if step.placement is not None:
        values += [dict(service.env) for service in step.placement.services]
    if step.given is not None:
        values.append(dict(step.given.values))
    return names_for(plan, texts_in(values))


def names_for(plan: Plan, texts: Iterable[str]) -> dict[str, str | None]:
    """The same for some texts."""
    found: dict[str, str | None] = {}
    paths = [reference for text in texts for reference in references(text)]
    if any(path.partition(".")[0] == "env" for path in paths):
        shared = [text for layer in plan.env for text in texts_in(dict(layer.values))]
        paths += [reference for text in shared for reference in references(text)]
    for path in paths:
        root, _, rest = path.partition(".")
        name = rest.partition(".")[0]
        if root == "secrets" and name in plan.secrets:
            found[secret_name(name, plan.secrets[name])] = plan.secrets[name]
        elif root == "inputs" and name in plan.secret_inputs:
            found |= _of_input(plan, name)
    return found


def environments_of(plan: Plan, names: Iterable[str]) -> dict[str, str | None]:
    """The environments that those secrets are of when a nested workflow is lent them."""
    return {name: plan.lent_from.get(name, plan.environment) for name in names}


def _of_input(plan: Plan, name: str) -> Mapping[str, str | None]:
    """Of a nested workflow: what its user's own texts named, and nothing that came with the values."""
    inside = names_in(str(plan.inputs.get(name)))
    if plan.lent is None:
        return dict.fromkeys(inside)
    return {one: plan.lent[one] for one in inside if one in plan.lent}
