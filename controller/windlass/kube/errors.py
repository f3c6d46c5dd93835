"""What can go wrong between us and an API server: nobody answers, or it answers with a Status that is no success.

In: an HTTP status and the body that came with it. Out: an ApiError of the class that callers decide by. Message text
decides nothing; it is for people.
"""

from __future__ import annotations

import json
from typing import Any

from windlass.errors import WindlassError

LONGEST = 2000  # characters of a message


class KubeError(WindlassError):
    """Everything that this client raises."""


class AccessError(KubeError):
    """There is no usable configuration: no kubeconfig, an unknown context, a plugin that failed."""


class Unreachable(KubeError):
    """No answer: connection refused or broken, name unknown, certificate wrong, or it took too long.

    Whether the request was carried out is not known."""


class NotSent(Unreachable):
    """No connection came about, so the request was not carried out."""


class ApiError(KubeError):
    """The API server said no. `reason` is the word of its Status (`AlreadyExists`, `Forbidden`…), "" when it gave none;
    `details` its details (`causes`, `kind`, `name`…); `retry_after` seconds that it asks to wait."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = details or {}
        self.retry_after = retry_after

    @property
    def causes(self) -> list[str]:
        """The words of `details.causes`: `NamespaceTerminating`, `FieldValueInvalid`…"""
        found = self.details.get("causes") or []
        return [str(cause.get("reason", "")) for cause in found if isinstance(cause, dict)]


class BadRequest(ApiError):
    """400: the request is malformed, or cannot be answered in this state (the log of a container that waits)."""


class Unauthorized(ApiError):
    """401: who asks is not known."""


class Forbidden(ApiError):
    """403: rights, a quota, an admission plugin, or a namespace that is being deleted."""


class NotFound(ApiError):
    """404: there is no such object, or no such resource."""


class Conflict(ApiError):
    """409: the object has changed since it was read, or belongs to another field manager."""


class AlreadyExists(Conflict):
    """409 with reason AlreadyExists: the name is taken."""


class Expired(ApiError):
    """410: the resource version or the page is too old; list anew."""


class Invalid(ApiError):
    """422: the object breaks a rule of its schema; the message names the fields."""


class Throttled(ApiError):
    """429: too many requests, or an eviction that a disruption budget does not allow now."""


class Unavailable(ApiError):
    """5xx: the API server, its storage or a webhook cannot do it now."""


_CLASSES: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    422: Invalid,
    429: Throttled,
}


def api_error(status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """`body` is a Status object, or the text of whatever stands before the API server."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        text = body[:LONGEST].decode("utf-8", "replace").strip()
        found = {"message": text or f"HTTP status {status}"}
    return from_status(found, status, retry_after)


def from_status(found: dict[str, Any], status: int | None = None, retry_after: str | None = None) -> ApiError:
    """An error from a Status object, such as an ERROR event of a watch holds; wrong types count as absent."""
    code = status or found.get("code")
    code = code if isinstance(code, int) else 500
    details = found.get("details")
    details = details if isinstance(details, dict) else {}
    wait = retry_after if retry_after is not None else details.get("retryAfterSeconds")
    reason = str(found.get("reason") or "")
    made = AlreadyExists if reason == "AlreadyExists" else _CLASSES.get(code, Unavailable if code >= 500 else ApiError)
    message = str(found.get("message") or reason or f"HTTP status {code}")[:LONGEST]
    return made(code, reason, message, details=details, retry_after=_seconds(wait))


def _seconds(text: Any) -> float | None:
    """None for a date, which API servers do not send, and for what is no number."""
    try:
        return max(0.0, float(text)) or None
    except (TypeError, ValueError):
        return None
