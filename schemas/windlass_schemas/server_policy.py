"""A policy of the server file: what the pods of some tenants may be.

In: the mapping of one policy. Out: a `ServerPolicy`. It is checked on the pod that is about to be created, whatever a
step, a default or an action made of it.
"""

from typing import Literal

from pydantic import Field

from windlass_schemas.names import Label
from windlass_schemas.pod import Quantity
from windlass_schemas.written import Flag, Later, Maybe, Text, Written


class ServerToleration(Written):
    """A taint that pods may tolerate."""

    key: Text = Field(min_length=1, description="The taint's key.")
    value: Maybe[Text] = Field(default=None, description="The taint's value; any when absent.")
    effect: Maybe[Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]] = Field(
        default=None, description="The taint's effect; any when absent."
    )


class ServerPolicy(Written):
    """What pods may be. Names and values may be patterns with `*`; images with `**` for any number of parts."""

    name: Label = Field(description="Its name, in what is refused.")
    tenants: tuple[Text, ...] = Field(default=("*",), min_length=1, description="For whom it holds: patterns.")
    pod_security: Literal["privileged", "baseline", "restricted"] = Field(
        default="baseline", description="The level of the Pod Security Standards that every pod meets."
    )
    images: Maybe[tuple[Text, ...]] = Field(
        default=None,
        min_length=1,
        description="Images that may be used, compared with their full names; any when absent.",
        examples=[["registry.example.com/**", "docker.io/library/python"]],
    )
    digests: Flag = Field(default=False, description="Images must be pinned by digest.")
    service_accounts: tuple[Text, ...] = Field(default=("default",), description="Service accounts of pods.")
    runtime_classes: tuple[Text, ...] = Field(default=(), description="Runtime classes that may be named.")
    priority_classes: tuple[Text, ...] = Field(default=(), description="Priority classes that may be named.")
    node_selectors: Maybe[dict[Text, tuple[Text, ...]]] = Field(
        default=None,
        description="Labels of nodes that may be selected, each with its values; any when absent.",
        examples=[{"pool": ["ci", "batch-*"]}],
    )
    tolerations: tuple[Later[ServerToleration], ...] = Field(default=(), description="Taints that may be tolerated.")
    claims: tuple[Text, ...] = Field(default=("*",), description="Volume claims of the namespace that may be mounted.")
    config_maps: tuple[Text, ...] = Field(default=("*",), description="Its config maps that may be mounted.")
    secrets: tuple[Text, ...] = Field(
        default=(), description="Its Kubernetes secrets that may be mounted; secrets of windlass.yaml need no entry."
    )
    host_paths: tuple[Text, ...] = Field(default=(), description="Folders of nodes that may be mounted.")
    privileged: Flag = Field(default=False, description="Privileged containers.")
    docker: Flag = Field(default=False, description="Steps with `docker: true`.")
    runners: tuple[Text, ...] = Field(
        default=(),
        description="Runners of other kinds than Kubernetes that repositories of a cluster may use.",
    )
    network: Literal["none", "pod", "host"] = Field(
        default="pod",
        description="The most that pods get: none (they are labelled for a NetworkPolicy), their own, or the node's.",
    )
    limits: dict[Text, Quantity] = Field(
        default_factory=dict,
        description="The most of each resource that one container may ask for.",
        examples=[{"cpu": 4, "memory": "8Gi"}],
    )
    injected: tuple[Text, ...] = Field(
        default=(),
        description="Names of containers that webhooks of the cluster may add to pods; they are not judged.",
        examples=[["istio-*", "vault-agent"]],
    )
    limits_required: Flag = Field(default=False, description="Every container has a limit for each of them.")
