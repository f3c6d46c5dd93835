"""`docker: true`: an engine of the step's own, as a privileged native sidecar of its Pod.

In: a launch, and the Pod as far as it is made. Out: the Pod with the engine in it, its socket where programs look for
it, and the step's folders at the same paths, so that `docker run -v "$PWD:/src"` means what it says. Whether a step may
have it, the tenant's policy says; that nothing but this very container is privileged by that, the last check of the Pod
sees to (`terms.py`). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.executors.containers.engine_socket import INSIDE, VARIABLES
from windlass.executors.kubernetes.pods import ENGINE, HELPER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.runs.model import Launch

IMAGE = "docker:28-dind"
GROUP = 2375  # has the socket: steps need not be root
_SOCKET, _DATA = "windlass-docker", "windlass-docker-data"
_AT = "/var/run"  # the engine's own place for its socket
# Beside what the image's entry point does: no port, for all containers of a Pod share one network.
_ARGS = ["dockerd", f"--host=unix://{_AT}/docker.sock", f"--group={GROUP}"]


def give_engine(pod: dict[str, Any], launch: Launch, image: str | None) -> dict[str, Any]:
    """Last, when the step's volumes are known. The engine's container. Raises ValueError when its name is taken."""
    if any(service.name == ENGINE for service in launch.services):
        raise ValueError(f"services.{ENGINE}: with docker: true, this name is the engine's")
    (step,) = pod["containers"]
    engine = _container(image or IMAGE, launch.resources, _shared(pod, step))
    pod["initContainers"] = [engine, *pod.get("initContainers", ())]
    pod.setdefault("volumes", []).extend([{"name": _SOCKET, "emptyDir": {}}, {"name": _DATA, "emptyDir": {}}])
    # It is there when the step's container is made: the engine answers before.
    step.setdefault("volumeMounts", []).append({"name": _SOCKET, "mountPath": INSIDE, "subPath": "docker.sock"})
    step["env"] += [{"name": name, "value": value} for name, value in VARIABLES.items() if not _has(step, name)]
    pod["securityContext"].setdefault("supplementalGroups", []).append(GROUP)
    return engine


def _container(
    image: str, resources: Mapping[str, Mapping[str, str]], shared: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the step may use, the engine may: the work is done there."""
    return {
        "name": f"{HELPER}{ENGINE}",
        "image": image,
        "restartPolicy": "Always",
        "args": list(_ARGS),
        "env": [{"name": "DOCKER_TLS_CERTDIR", "value": ""}],
        "securityContext": {"privileged": True, "runAsUser": 0, "runAsNonRoot": False},
        "startupProbe": {
            "exec": {"command": ["docker", "info"]},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 180,
        },
        "volumeMounts": [
            {"name": _SOCKET, "mountPath": _AT},
            {"name": _DATA, "mountPath": "/var/lib/docker"},
            *map(dict, shared),
        ],
        **({"resources": {part: dict(given) for part, given in resources.items()}} if resources else {}),
    }


def _shared(pod: Mapping[str, Any], step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The step's folders, but for what Secrets and ConfigMaps hold."""
    folders = {one["name"] for one in pod.get("volumes", ()) if "emptyDir" in one or "persistentVolumeClaim" in one}
    return [mount for mount in step.get("volumeMounts", ()) if mount["name"] in folders]


def _has(container: Mapping[str, Any], name: str) -> bool:
    return any(variable["name"] == name for variable in container["env"])
