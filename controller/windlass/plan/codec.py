"""A Plan as canonical JSON and back, and its content address.

In: a Plan, or the bytes that `to_bytes` made. Out: bytes with sorted keys and no blanks, so that equal plans have
equal bytes and one SHA-256 digest; the camelCase object of `GET /api/v1/runs/{id}/plan`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from windlass.plan.approval import Approval
from windlass.plan.caching import PlannedCache
from windlass.plan.loop import Loop
from windlass.plan.model import (
    EnvLayer,
    FileSpec,
    Given,
    Nested,
    OutputSpec,
    Plan,
    PlannedConcurrency,
    PlannedStep,
    Retry,
    Wait,
)
from windlass.plan.placement import Placement, PlannedService, Resources, read_placement
from windlass.plan.program import Part
from windlass.plan.uses import Used

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1


def camel(name: str) -> str:
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.title() for part in rest)


_NAMES: dict[type[Any], list[tuple[str, str]]] = {
    cls: [(f.name, camel(f.name)) for f in fields(cls)]
    for cls in (
        Plan,
        PlannedStep,
        PlannedConcurrency,
        Retry,
        OutputSpec,
        EnvLayer,
        FileSpec,
        PlannedCache,
        Loop,
        Wait,
        Given,
        Nested,
        Used,
        Approval,
        Part,
        Placement,
        PlannedService,
        Resources,
    )
}


def to_object(value: Any) -> Any:
    """Plain JSON values; frozen dataclasses become mappings with camelCase keys."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: to_object(getattr(value, name)) for name, key in _NAMES[type(value)]}
    if isinstance(value, (list, tuple)):
        return [to_object(item) for item in value]
    if isinstance(value, dict):
        return {key: to_object(item) for key, item in value.items()}
    return value


def to_bytes(plan: Plan) -> bytes:
    document = {"version": VERSION, **to_object(plan)}
    # Steps keep their written order: a mapping with sorted keys could not, so the order stands beside it.
    document["order"] = {"steps": list(plan.steps), "finally": list(plan.finally_)}
    # So do written documents, which are planned from again: they are kept as text.
    document["uses"] = {target: _written(used) for target, used in plan.uses.items()}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _written(used: Used) -> dict[str, Any]:
    texts = {
        name: json.dumps(getattr(used, name), separators=(",", ":"), ensure_ascii=False)
        for name in ("document", "settings")
    }
    return {**to_object(used), **texts}


def digest(plan_bytes: bytes) -> str:
    return "sha256:" + hashlib.sha256(plan_bytes).hexdigest()


def from_bytes(raw: bytes) -> Plan:
    """The Plan that `to_bytes` wrote, also by the version before this one."""
    document = json.loads(raw)
    order = document["order"]
    values = _known(Plan, document)
    values |= {
        "steps": {name: _step(document["steps"][name]) for name in order["steps"]},
        "finally_": {name: _step(document["finally"][name]) for name in order["finally"]},
        "env": _layers(document["env"]),
        "secret_inputs": tuple(document["secretInputs"]),
        "uses": {target: _used(used) for target, used in document.get("uses", {}).items()},
        "overlap": _concurrency(document.get("overlap")),
        "concurrency": _concurrency(document.get("concurrency")),
    }
    return Plan(**values)


def _step(document: Mapping[str, Any]) -> PlannedStep:
    values = _known(PlannedStep, document)
    values |= {
        "needs": tuple(document["needs"]),
        "reads": tuple(document["reads"]),
        "argv": tuple(document["argv"]),
        "parts": tuple(_part(part) for part in document.get("parts", ())),
        "env": _layers(document["env"]),
        "cache": _cache(document.get("cache")),
        "files": tuple(FileSpec(**_known(FileSpec, file)) for file in document.get("files", ())),
        "outputs": {n: OutputSpec(**_known(OutputSpec, o)) for n, o in document["outputs"].items()},
        "saves": {name: tuple(paths) for name, paths in document.get("saves", {}).items()},
        "retry": _retry(document["retry"]),
        "wait": Wait(**_known(Wait, document["wait"])) if document.get("wait") else None,
        "given": Given(**_known(Given, document["given"])) if document.get("given") else None,
        "loop": Loop(**_known(Loop, document["loop"])) if document.get("loop") else None,
        "nested": Nested(**_known(Nested, document["nested"])) if document.get("nested") else None,
        "approval": _approval(document["approval"]) if document.get("approval") else None,
        "concurrency": _concurrency(document.get("concurrency")),
        "placement": read_placement(document.get("placement"), _known),
    }
    return PlannedStep(**values)


def _used(document: Mapping[str, Any]) -> Used:
    values = _known(Used, document)
    return Used(**{**values, "document": json.loads(values["document"]), "settings": json.loads(values["settings"])})


def _approval(document: Mapping[str, Any]) -> Approval:
    values = _known(Approval, document)
    return Approval(**{**values, "by": tuple(document["by"]), "not_by": tuple(document["notBy"])})


def _concurrency(document: Mapping[str, Any] | None) -> PlannedConcurrency | None:
    return PlannedConcurrency(**_known(PlannedConcurrency, document)) if document else None


def _part(document: Mapping[str, Any]) -> Part:
    values = _known(Part, document)
    return Part(**{**values, "argv": tuple(values["argv"])})


def _cache(document: Mapping[str, Any] | None) -> PlannedCache | None:
    if document is None:
        return None
    values = _known(PlannedCache, document)
    lists: dict[str, Any] = {name: tuple(v) for name, v in values.items() if isinstance(v, list)}
    return PlannedCache(**{**values, **lists})


def _retry(document: Mapping[str, Any]) -> Retry:
    values = _known(Retry, document)
    lists: dict[str, Any] = {name: tuple(v) for name, v in values.items() if isinstance(v, list)}
    return Retry(**{**values, **lists})


def _known(cls: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a class that the document has: a plan of the version before may lack the newest."""
    return {name: document[key] for name, key in _NAMES[cls] if key in document}


def _layers(document: list[Mapping[str, Any]]) -> tuple[EnvLayer, ...]:
    return tuple(EnvLayer(layer["name"], layer["values"]) for layer in document)
