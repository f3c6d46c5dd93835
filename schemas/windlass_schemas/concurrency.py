"""Concurrency groups: how many runs or steps of one name go at once."""

from typing import Literal

from pydantic import Field

from windlass_schemas.expression import CountOrExpression
from windlass_schemas.written import Text, Written


class Concurrency(Written):
    """A group of the repository, its limit, and what happens to one too many."""

    group: Text = Field(min_length=1, description="The name of the group; takes expressions.")
    limit: CountOrExpression = Field(default=1, description="How many of the group go at once.")
    on_conflict: Literal["queue", "skip", "cancelRunning", "cancelPending"] = Field(
        default="queue", description="What happens when the group is full."
    )
