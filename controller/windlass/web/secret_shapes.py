"""What the API says of secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from windlass.web.step_shapes import Shape


class OwnSecret(Shape):
    """A secret of the server's own store; its value is in no answer."""

    name: str
    kind: Literal["tenant", "repository", "user"]
    owner: str
    environment: str | None = Field(description="Of the runs that it is for; null: every one.")
    version: int
    updatedAt: datetime
    updatedBy: str


class OwnSecretList(Shape):
    items: list[OwnSecret]
    next: str | None


class Rotated(Shape):
    sealed: int = Field(description="How many values' keys were sealed anew.")
    key: str = Field(description="The id of the key that seals now.")
    unused: list[str] = Field(description="The ids of keys that nothing needs any more.")


class CheckedReference(Shape):
    name: str
    environment: str | None
    reference: str
    status: str = Field(description="`found`, `secret-not-found`, `secret-denied`, `secret-failed`; `not-known`.")
    message: str | None


class CheckedReferenceList(Shape):
    items: list[CheckedReference]
    next: str | None
