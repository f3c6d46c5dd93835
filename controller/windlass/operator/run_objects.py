"""Which WorkflowRun stands for which run, in both directions. Pure.

In: heads of runs, objects. Out: keys and bodies. A run that an object asked for has that object, known by its uid;
every other run of a tenant has one that Windlass makes, whose name follows from the run.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from windlass.operator.kinds import RESOURCES, RUN
from windlass.operator.workqueue import Key
from windlass.tenants import namespace_of, own_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import RunHead

ACTOR = "kubernetes"
MOST_INPUTS = 16_384  # characters of JSON


def actor_of(key: Key, uid: str) -> dict[str, Any]:
    """Who starts a run that an object asks for."""
    return {"kind": ACTOR, "name": f"{key.namespace}/{key.name}", "uid": uid}


def asked_by(head: RunHead) -> str | None:
    """The uid of the object that asked for a run; None: something else started it."""
    return str(head.actor.get("uid")) if head.actor.get("kind") == ACTOR else None


def key_of_run(head: RunHead) -> Key | None:
    """Where the object of a run is, or would be; None: it is of no tenant."""
    namespace = namespace_of(head.repository)
    if namespace is None:
        return None
    if asked_by(head) is not None:
        return Key(RUN, namespace, str(head.actor["name"]).partition("/")[2])
    return Key(RUN, namespace, made_name(head))


def made_name(head: RunHead) -> str:
    return f"{head.workflow}-{head.id.lower()}"


def made_body(head: RunHead) -> dict[str, Any]:
    """The object of a run that something else started."""
    repository = own_name(head.repository)
    inputs = dict(head.inputs)
    shown = {"inputs": inputs} if inputs and len(json.dumps(inputs)) <= MOST_INPUTS else {}
    return {
        "apiVersion": RESOURCES[RUN].api_version,
        "kind": RUN,
        "metadata": {
            "name": made_name(head),
            "namespace": namespace_of(head.repository),
            "labels": {
                "windlass.dev/repository": repository,
                "windlass.dev/workflow": head.workflow,
                "windlass.dev/trigger": str(head.trigger.get("kind", "")),
            },
        },
        "spec": {"repository": repository, "workflow": head.workflow, "run": head.id, **shown},
    }


def belongs(head: RunHead, key: Key, spec: Mapping[str, Any]) -> bool:
    """Whether a run is the one of this object: never one of another tenant, whatever its status claims."""
    found = namespace_of(head.repository) == key.namespace and own_name(head.repository) == spec["repository"]
    return found and head.workflow == spec["workflow"]
