"""Schedules: cron lines and fixed intervals. Cron text stays text; it is parsed where fires are computed."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from windlass_schemas.duration import Duration
from windlass_schemas.local_time import Days, LocalTime
from windlass_schemas.trigger import Trigger
from windlass_schemas.written import Branches, Maybe, Text, Whole, Written, exactly_one, published

MissedName = Literal["skip", "latest"]
SHORTEST = 1_000  # milliseconds; fine print, "Cron"


class MissedAll(Written):
    """Makes up for every missed tick, within bounds."""

    policy: Literal["all"] = Field(description="Start a run for each missed tick.")
    limit: Annotated[Whole, Field(ge=1, le=100)] = Field(description="At most this many, the newest ones.")
    within: Maybe[Duration] = Field(default=None, description="Older ticks are dropped.", examples=["1h"])


def _missed(value: Any) -> Any:
    if isinstance(value, dict):
        return MissedAll
    if isinstance(value, str) and value in {"skip", "latest"}:
        return MissedName
    raise PydanticCustomError("invalid-missed", "missed is skip, latest or {policy: all, limit: 10}")


Missed = Annotated[str | MissedAll, Branches(_missed, (MissedName, MissedAll))]


class ScheduleTrigger(Trigger):
    """Starts runs by the clock: exactly one of cron and every."""

    model_config = published(**exactly_one("cron", "every"))

    cron: Maybe[Text] = Field(
        default=None,
        min_length=1,
        description="Five fields, or six with seconds first.",
        examples=["30 2 * * 1-5", "*/30 * * * * *"],
    )
    every: Maybe[Duration] = Field(
        default=None, description="An interval of at least 1s, counted from 1970-01-01T00:00Z.", examples=["15m"]
    )
    timezone: Text = Field(
        default="UTC", min_length=1, description="The zone of cron, start, end and except.", examples=["Europe/Berlin"]
    )
    missed: Missed = Field(default="latest", description="What happens to ticks while Windlass was down.")
    overlap: Literal["allow", "queue", "skip", "replace"] = Field(
        default="queue", description="What happens when the run before has not ended."
    )
    jitter: Maybe[Duration] = Field(default=None, description="Start up to this much later, at random.")
    start: Maybe[LocalTime] = Field(default=None, description="No tick before this local time.")
    end: Maybe[LocalTime] = Field(default=None, description="No tick after this local time.")
    except_: tuple[Days, ...] = Field(
        default=(), alias="except", description="Local days without ticks.", examples=[["2026-12-24..2026-12-26"]]
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise PydanticCustomError("schedule-kind", "a schedule has exactly one of cron and every")
        if self.every is not None and self.every < SHORTEST:
            raise PydanticCustomError("invalid-every", "every is at least 1s", {"at": ["every"]})
        if self.start is not None and self.end is not None and self.start > self.end:
            raise PydanticCustomError("invalid-local-time", "start is later than end", {"at": ["start"]})
        return self
