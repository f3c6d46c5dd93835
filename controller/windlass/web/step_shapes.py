"""What the API answers about attempts and answers to approvals, and the base of all such models (`shapes.py`).

In: nothing. Out: models for the OpenAPI document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RunStatus = Literal["queued", "running", "waiting", "cancelling", "succeeded", "failed", "errored", "cancelled"]
StepStatus = Literal[
    "pending", "queued", "running", "waiting", "cancelling", "succeeded", "failed", "errored", "cancelled", "skipped"
]


def _camel(name: str) -> str:
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.title() for part in rest)


class Shape(BaseModel):
    model_config = ConfigDict(alias_generator=_camel, extra="forbid")


class Part(Shape):
    name: str = Field(description="As written, or `part-1`, `part-2`…")
    status: StepStatus
    cause: str | None
    exit_code: int | None
    offset: int | None = Field(
        description="Where its section of the attempt's log begins, in bytes; null: it did not run."
    )
    started_at: datetime | None
    ended_at: datetime | None


class UsedCache(Shape):
    key: str
    restored: str | None = Field(description="The key of what was there at the start.")
    saved: bool
    size: int | None = Field(default=None, description="Bytes of the archive, when it was saved.")
    reason: str | None = Field(default=None, description="Why it was not saved.")


class Held(Shape):
    cause: str = Field(description="As the end would have it if it lasted: `unschedulable`, `quota`, `image-pull`…")
    message: str


class Attempt(Shape):
    number: int = Field(ge=1)
    status: StepStatus
    cause: str | None = Field(description="Why it did not succeed: a stable code in kebab-case.")
    message: str | None
    exit_code: int | None = Field(description="128 + signal when a signal ended it; null when nothing ran.")
    started_at: datetime | None
    ended_at: datetime | None
    cache: UsedCache | None = Field(default=None, description="Only of a step with `cache.paths` that has ended.")
    held: Held | None = Field(default=None, description="What keeps it from its start; absent: nothing, or it began.")
    parts: list[Part] | None = Field(description="Of a step whose `run` is a list, in their order; else null.")


class Vote(Shape):
    by: str
    approve: bool
    comment: str | None
    at: datetime


class AskedApproval(Shape):
    """What an approval asks, as it was when the step began, and who has answered."""

    by: list[str] = Field(description="Users and groups who may answer; empty: everybody who may start the run.")
    not_by: list[str]
    minimum: int = Field(ge=1, description="How many different people must approve.")
    message: str | None
    inputs: dict[str, Any] = Field(description="The answers as JSON Schema.")
    votes: list[Vote]
