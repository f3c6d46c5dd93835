"""What is read of Pods, Jobs and Events: only the fields that decide something.

In: raw JSON. Out: msgspec Structs, forty times smaller than the objects they are of. Everything is optional: what an
API server leaves out is empty.
"""

from __future__ import annotations

from typing import Any

import msgspec

CONTAINER = "step"
HELPER = "service-"  # before the name of a service: its container
ENGINE = "docker-engine"  # the service that `docker: true` is
TOOLS, FILL, KEEP = "windlass-tools", "windlass-fill", "windlass-keep"  # around the step (`workspace.py`)


def service_of(container: str) -> str | None:
    """The service that it is; None: it is something else."""
    return container.removeprefix(HELPER) if container.startswith(HELPER) else None


class Owner(msgspec.Struct):
    kind: str = ""
    uid: str = ""


class PodMeta(msgspec.Struct, rename="camel"):
    name: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[Owner] = []
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None


class Waiting(msgspec.Struct):
    reason: str = ""
    message: str = ""


class Running(msgspec.Struct, rename="camel"):
    started_at: str | None = None


class Terminated(msgspec.Struct, rename="camel"):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None


class ContainerState(msgspec.Struct):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, rename="camel"):
    name: str = ""
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)
    restart_count: int = 0
    started: bool | None = None
    container_id: str = msgspec.field(name="containerID", default="")


class Condition(msgspec.Struct):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class PodSpec(msgspec.Struct, rename="camel"):
    node_name: str = ""


class PodStatus(msgspec.Struct, rename="camel"):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []


class Pod(msgspec.Struct):
    metadata: PodMeta = msgspec.field(default_factory=PodMeta)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)

    @property
    def job(self) -> str | None:
        """The uid of the Job it belongs to."""
        return next((owner.uid for owner in self.metadata.owner_references if owner.kind == "Job"), None)

    @property
    def state(self) -> ContainerState:
        """Of the step's container; empty while the kubelet has not spoken."""
        return next((one.state for one in self.status.container_statuses if one.name == CONTAINER), ContainerState())

    def around(self, name: str) -> ContainerState:
        """Of a container before or beside the step's."""
        found = (one.state for one in self.status.init_container_statuses if one.name == name)
        return next(found, ContainerState())

    @property
    def over(self) -> bool:
        """The program has ended, and no service is left; not so where somebody waits for us to fetch what is left."""
        if self.status.phase in ("Succeeded", "Failed"):
            return True
        beside = [one.name for one in self.status.init_container_statuses]
        waits = KEEP in beside or not any(service_of(name) is not None for name in beside)
        return self.state.terminated is not None and waits

    @property
    def counts(self) -> bool:
        """Its Job takes it for its one Pod: its phase is final, or is about to be, a moment after its container's."""
        final = self.status.phase in ("Succeeded", "Failed")
        return final or (self.over and self.metadata.deletion_timestamp is None)

    def condition(self, kind: str) -> Condition | None:
        """One that is there, whatever its status."""
        return next((one for one in self.status.conditions if one.type == kind), None)


def conditions_of(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The true ones of a Job, by type."""
    found = (job.get("status") or {}).get("conditions") or []
    return {one.get("type", ""): one for one in found if one.get("status") == "True"}
