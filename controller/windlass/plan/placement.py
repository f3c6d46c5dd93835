"""What a step asks of the place where it runs: resources, helper containers, Docker, a part of the pod spec.

In: a written step and the defaults that apply to it. Out: a `Placement`, or None for a step that asks for nothing.
Texts that hold `${{ }}` stay as written; `runs/placement.py` evaluates them when an attempt starts.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.plan.shells import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from windlass_schemas.pod import Resources as WrittenResources
    from windlass_schemas.pod import Service as WrittenService
    from windlass_schemas.step import Step


@dataclass(frozen=True, slots=True)
class Resources:
    """Quantities by name (`cpu`, `memory`…), as Kubernetes writes them: `2`, `500m`, `1Gi`."""

    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedService:
    """A helper container beside the step, reachable under its name."""

    name: str
    image: str
    env: Mapping[str, Any] = field(default_factory=dict)
    argv: tuple[Any, ...] = ()  # empty: the image's own
    args: str | None = None  # an expression that gives the words after `argv`
    ports: tuple[int, ...] = ()
    resources: Resources = Resources()


@dataclass(frozen=True, slots=True)
class Placement:
    """`docker`: Docker is wanted inside the step. `pod`: the written `pod`, keys as in the file."""

    resources: Resources = Resources()
    services: tuple[PlannedService, ...] = ()
    docker: bool | str = False
    pod: Mapping[str, Any] = field(default_factory=dict)


NOTHING = Placement()


def planned_placement(step: Step, default: Callable[[str, Any], Any], *, docker: bool) -> Placement | None:
    """`default` gives a step's own value of a key or that of its defaults; `docker`: its action needs it."""
    pod, wanted, resources = (
        default(name, own) for name, own in (("pod", step.pod), ("docker", step.docker), ("resources", step.resources))
    )
    if pod is None and resources is None and not (step.services or docker or wanted):
        return None  # as of most steps
    found = Placement(
        resources=planned_resources(resources),
        services=tuple(_service(name, written) for name, written in step.services.items()),
        docker=docker or (wanted or False),
        pod=pod.model_dump(mode="json", by_alias=True, exclude_unset=True) if pod is not None else {},
    )
    return found if found != NOTHING else None


def planned_resources(written: WrittenResources | None) -> Resources:
    return Resources(dict(written.requests), dict(written.limits)) if written is not None else Resources()


def _service(name: str, written: WrittenService) -> PlannedService:
    late = written.args if isinstance(written.args, str) else None
    return PlannedService(
        name=name,
        image=written.image,
        env=dict(written.env),
        argv=(*words(written.command), *(words(written.args) if late is None else ())),
        args=late,
        ports=tuple(written.ports),
        resources=planned_resources(written.resources),
    )


def placement_texts(step: Step) -> Iterator[Any]:
    """The values of a step that `Placement` is made from: what in them holds an expression is evaluated."""
    yield step.docker
    if step.resources is not None:
        yield [dict(step.resources.requests), dict(step.resources.limits)]
    if step.pod is not None:
        yield step.pod.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for service in step.services.values():
        yield [service.image, dict(service.env), service.command, service.args]
        if service.resources is not None:
            yield [dict(service.resources.requests), dict(service.resources.limits)]


def read_placement(document: Mapping[str, Any] | None, known: Callable[[type[Any], Any], dict[str, Any]]) -> Any:
    """What the codec wrote. `known` gives the fields of a class that a document has."""
    if not document:
        return None
    values = known(Placement, document)

    def resources(found: Mapping[str, Any] | None) -> Resources:
        return Resources(**known(Resources, found or {}))

    values["resources"] = resources(values.get("resources"))
    values["services"] = tuple(
        PlannedService(
            **{
                **known(PlannedService, one),
                "argv": tuple(one.get("argv", ())),
                "ports": tuple(one.get("ports", ())),
                "resources": resources(one.get("resources")),
            }
        )
        for one in values.get("services", ())
    )
    return Placement(**values)
