"""What every document begins with: apiVersion and kind. Top-level keys beginning with `x-` are dropped."""

from typing import Any, Literal

from pydantic import Field, model_validator

from windlass_schemas.written import Written

API_VERSION = "windlass.dev/v1"


class Document(Written):
    """The base of the four kinds."""

    api_version: Literal["windlass.dev/v1"] = Field(description="The version of the language.")

    @model_validator(mode="before")
    @classmethod
    def _without_anchors_place(cls, value: Any) -> Any:
        if isinstance(value, dict) and any(isinstance(key, str) and key.startswith("x-") for key in value):
            return {key: part for key, part in value.items() if not str(key).startswith("x-")}
        return value
