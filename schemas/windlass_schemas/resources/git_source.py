"""What objects that stand for a git repository have in common: where it is, and the Secrets that open it.

Secrets are named, never given; they are read from the namespace of the object, and from no other.
"""

from typing import Annotated, Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from windlass_schemas.duration import DURATION_PATTERN, parse_duration
from windlass_schemas.resources.conditions import one_rule, ruled
from windlass_schemas.written import Later, Parsed, Text, Written

SHORTEST_INTERVAL = 1000  # ms
GIT_PATTERN = r"^(https://|ssh://|[^/@:]+@[^/:]+:).+$"
SECRET_NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"  # noqa: S105 - a pattern, no password
GIT_MESSAGE = "write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH, without a password"


def _read_interval(value: Any) -> int:
    """Milliseconds, as any duration; less than a second would be impolite."""
    found = parse_duration(value)
    if found < SHORTEST_INTERVAL:
        raise PydanticCustomError("invalid-duration", "an interval is at least 1s")
    return found


INTERVAL_JSON = {
    "type": "string",
    "maxLength": 100,
    **ruled(
        one_rule(
            f"self.matches(r'{DURATION_PATTERN}')",
            "interval is one or more of number and unit (ms, s, m, h, d), for example 30s or 1h30m",
        ),
        one_rule("self.matches('[1-9][0-9]*([.][0-9]+)?([shd]|m([^s]|$))')", "interval is at least 1s"),
    ),
}
Interval = Annotated[int, Parsed(_read_interval, INTERVAL_JSON)]
GitUrl = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=2048,
        pattern=GIT_PATTERN,
        json_schema_extra=ruled(
            one_rule(f"self.matches(r'{GIT_PATTERN}')", f"git: {GIT_MESSAGE}"),
            one_rule(
                "!self.matches('^https://[^/]*@')",
                "git: the URL carries no user name or password; name a Secret in auth",
            ),
        ),
    ),
]


class SecretRef(Written):
    """A Secret of the same namespace."""

    name: Text = Field(description="Its name.", min_length=1, max_length=253, pattern=SECRET_NAME)


class SecretKeyRef(Written):
    """One value of a Secret of the same namespace."""

    name: Text = Field(description="The name of the Secret.", min_length=1, max_length=253, pattern=SECRET_NAME)
    key: Text = Field(description="The key in it.", min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")


class SourceAuth(Written):
    """Credentials, sent to the host of `git` only."""

    secret_ref: Later[SecretRef] = Field(
        description="A Secret with `username` and `password`, or `bearerToken`, for https; with `identity` (a private "
        "key) and `known_hosts` for ssh; `ca.crt` is the authority of an https host of your own."
    )
