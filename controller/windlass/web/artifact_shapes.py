"""What the API answers about artifacts, as models: only for the OpenAPI document, as `shapes.py`."""

from __future__ import annotations

from pydantic import Field

from windlass.web.step_shapes import Shape


class Artifact(Shape):
    """A file that a step saved."""

    name: str = Field(description="The artifact.")
    step: str
    item: str | None = Field(description="The key of the item of a loop that saved it.")
    path: str = Field(description="What stands in the URL: the name, and in a folder the path of the file after it.")
    size: int = Field(description="Bytes.")
    digest: str = Field(description="`sha256:` and 64 hexadecimal digits.")
    url: str = Field(description="Where it can be had, on this server.")


class ArtifactList(Shape):
    items: list[Artifact]
    next: str | None = Field(description="The cursor of the following page; null at the end.")
