"""What a step asks of a cluster: resources, helper containers, and a typed part of the pod spec.

All of it is checked against the tenant's policy before a pod is created; other runners ignore `pod`.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.command import Args, Command, Env
from windlass_schemas.expression import FlagOrExpression, or_expression
from windlass_schemas.names import Label
from windlass_schemas.written import Flag, Later, Maybe, Text, Whole, Written, exactly_one, published

QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
QUANTITY_JSON = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": QUANTITY_PATTERN, "examples": ["500m", "1Gi"]},
    ]
}


def read_quantity(value: Any) -> str:
    """A Kubernetes quantity as text: `2`, `500m`, `1Gi`. Raises `invalid-quantity`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and re.fullmatch(QUANTITY_PATTERN, value):
        return value
    raise PydanticCustomError("invalid-quantity", "a quantity is a number with or without a unit: 2, 500m, 1Gi")


Quantity = Annotated[str, or_expression(read_quantity, QUANTITY_JSON)]


class Resources(Written):
    """What a step is promised and what it may use at most."""

    requests: dict[Text, Quantity] = Field(
        default_factory=dict, description="What is set aside.", examples=[{"cpu": "500m", "memory": "1Gi"}]
    )
    limits: dict[Text, Quantity] = Field(default_factory=dict, description="What is never exceeded.")


class Service(Written):
    """A helper container that runs beside the step, reachable under its name."""

    image: Text = Field(min_length=1, description="The image of the container.", examples=["postgres:17"])
    env: Env = Field(default_factory=dict, description="Environment variables of the container.")
    command: Maybe[Command] = Field(default=None, description="Replaces the image's entry point.")
    args: Maybe[Args] = Field(default=None, description="The arguments of the command.")
    ports: tuple[Annotated[Whole, Field(ge=1, le=65535)], ...] = Field(
        default=(), description="Ports that must answer before the step starts."
    )
    resources: Maybe[Later[Resources]] = Field(default=None, description="What the container may use.")


class Toleration(Written):
    """A taint of a node that the pod accepts."""

    key: Maybe[Text] = Field(default=None, description="The taint's key; every taint when absent.")
    operator: Literal["Equal", "Exists"] = Field(default="Equal", description="How the value is compared.")
    value: Maybe[Text] = Field(default=None, description="The taint's value.")
    effect: Maybe[Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]] = Field(
        default=None, description="The taint's effect; every effect when absent."
    )
    toleration_seconds: Maybe[Whole] = Field(default=None, ge=0, description="How long NoExecute is endured.")


class Volume(Written):
    """A volume that is mounted into the step's container."""

    model_config = published(**exactly_one("claim", "configMap", "secret", "emptyDir"))

    name: Label = Field(description="The name of the volume.")
    mount_path: Text = Field(pattern="^/", description="Where it is mounted.")
    read_only: Flag = Field(default=False, description="Whether it can be written to.")
    claim: Maybe[Text] = Field(default=None, description="The name of a persistent volume claim.")
    config_map: Maybe[Text] = Field(default=None, description="The name of a config map.")
    secret: Maybe[Text] = Field(default=None, description="The name of a Kubernetes secret.")
    empty_dir: Maybe[Flag] = Field(default=None, description="An empty folder that goes with the pod.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        kinds = {"claim", "config_map", "secret", "empty_dir"} & self.model_fields_set
        if len(kinds) != 1:
            raise PydanticCustomError(
                "volume-kind", "a volume has exactly one of claim, configMap, secret and emptyDir"
            )
        return self


class SecurityContext(Written):
    """Under which user the container runs and what it may write."""

    run_as_user: Maybe[Whole] = Field(default=None, ge=0, description="The user's number.")
    run_as_group: Maybe[Whole] = Field(default=None, ge=0, description="The group's number.")
    run_as_non_root: Maybe[Flag] = Field(default=None, description="Refuse to run as root.")
    fs_group: Maybe[Whole] = Field(default=None, ge=0, description="The group that owns mounted volumes.")
    read_only_root_filesystem: Maybe[Flag] = Field(default=None, description="Make the image read-only.")


class Pod(Written):
    """The part of the pod spec that a step may set."""

    node_selector: dict[Text, Text] = Field(default_factory=dict, description="Labels a node must have.")
    tolerations: tuple[Toleration, ...] = Field(default=(), description="Taints that are accepted.")
    service_account: Maybe[Text] = Field(default=None, description="The service account; the tenant's when absent.")
    volumes: tuple[Volume, ...] = Field(default=(), description="Volumes that are mounted.")
    labels: dict[Text, Text] = Field(default_factory=dict, description="Labels of the pod.")
    annotations: dict[Text, Text] = Field(default_factory=dict, description="Annotations of the pod.")
    priority_class: Maybe[Text] = Field(default=None, description="The priority class.")
    runtime_class: Maybe[Text] = Field(default=None, description="The runtime class.")
    image_pull_secrets: tuple[Text, ...] = Field(default=(), description="Secrets to pull the image with.")
    security_context: Maybe[Later[SecurityContext]] = Field(default=None, description="User and permissions.")
    host_network: Maybe[FlagOrExpression] = Field(
        default=None, description="Use the node's network; refused unless the tenant's policy allows it."
    )
