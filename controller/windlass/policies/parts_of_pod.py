"""The parts of a pod that checks walk over. In: a pod as the API takes it. Out: its containers and security contexts,
each with its path. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = ("initContainers", "containers", "ephemeralContainers")


def containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of any kind, with its path."""
    for kind in KINDS:
        for index, container in enumerate(spec.get(kind) or ()):
            yield f"spec.{kind}[{index}]", container


def contexts(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The security context of the pod and those of its containers, with their paths; an absent one is empty."""
    yield "spec.securityContext", spec.get("securityContext") or {}
    for path, container in containers(spec):
        yield f"{path}.securityContext", container.get("securityContext") or {}


def volumes(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each volume: its path, its kind (`secret`…; `emptyDir` when it names none) and what the kind holds."""
    for index, volume in enumerate(spec.get("volumes") or ()):
        kinds = [key for key in volume if key != "name"] or ["emptyDir"]
        for kind in kinds:
            yield f"spec.volumes[{index}].{kind}", kind, volume.get(kind) or {}
