"""What the status of every custom resource has: conditions, in the shape of Kubernetes (KEP-1623)."""

from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from windlass_schemas.written import Later, Maybe, Text, Whole, Written


class Condition(Written):
    """One aspect of the state, and why it is as it is."""

    type: Text = Field(description="Which aspect: Ready, Fetched, Valid, Succeeded…", max_length=316)
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    observed_generation: Whole = Field(
        default=0, ge=0, description="The metadata.generation that it speaks of.", json_schema_extra={"format": "int64"}
    )
    last_transition_time: Text = Field(
        description="When the status changed last.", json_schema_extra={"format": "date-time"}
    )
    reason: Text = Field(description="Why, as one word for programs.", min_length=1, max_length=1024)
    message: Text = Field(description="Why, for people.", max_length=32768)


class ResourceStatus(Written):
    """What Windlass says of the object."""

    observed_generation: Maybe[Whole] = Field(
        default=None,
        ge=0,
        description="The metadata.generation that was seen last.",
        json_schema_extra={"format": "int64"},
    )
    conditions: tuple[Later[Condition], ...] = Field(
        default=(),
        description="The state in the words that `kubectl wait --for=condition=…` knows.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


def one_rule(rule: str, message: str, **more: str) -> JsonDict:
    """A CEL rule that the API server checks (x-kubernetes-validations)."""
    return {"rule": rule, "message": message, **more}


def ruled(*rules: JsonDict) -> JsonDict:
    """The part of a schema that holds CEL rules."""
    return {"x-kubernetes-validations": list(rules)}
