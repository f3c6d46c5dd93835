"""Who pulls the images of an attempt: a Secret of its own, which goes with its Job. Pure.

In: the credentials that the launch was given, those alone that its images are from. Out: the Secret that the kubelet
reads (`kubernetes.io/dockerconfigjson`); nothing of it is in the Pod but its name.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from windlass.executors.containers.registries import HUB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.runs.beside import LaunchRegistry

TYPE = "kubernetes.io/dockerconfigjson"
_KEY = ".dockerconfigjson"


def pull_name(job: str) -> str:
    return f"{job}-pull"


def give_pull_secret(
    pod: dict[str, Any], registries: Sequence[LaunchRegistry], metadata: Mapping[str, Any]
) -> dict[str, Any] | None:
    """None when it needs none. It stands before those that the step names: the kubelet tries each."""
    if not registries:
        return None
    name = pull_name(metadata["name"])
    pod["imagePullSecrets"] = [{"name": name}, *pod.get("imagePullSecrets", ())]
    config = {"auths": {_server(one.host): _entry(one) for one in registries}}
    data = {_KEY: base64.b64encode(json.dumps(config).encode()).decode()}
    own = {**metadata, "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": own, "type": TYPE, "immutable": True, "data": data}


def _server(host: str) -> str:
    return HUB if host == "docker.io" else host


def _entry(registry: LaunchRegistry) -> dict[str, str]:
    both = f"{registry.username}:{registry.password}"
    return {
        "username": registry.username,
        "password": registry.password,
        "auth": base64.b64encode(both.encode()).decode(),
    }
