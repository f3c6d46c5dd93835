"""Deliveries by which a sender only tries the line: they are answered with 2xx and start nothing (W16).

In: a verified request and its parsed body. Out: why nothing starts, or None for a real event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windlass.triggers.webhook.base import HookRequest


def ping(scheme: str, request: HookRequest, body: Any) -> str | None:
    """GitHub's `ping` when a hook is set up, Slack's `url_verification` (whose answer is `{"challenge": …}`)."""
    if scheme == "github" and request.header("X-GitHub-Event") == "ping":
        return "a ping of GitHub"
    if scheme == "slack" and isinstance(body, dict) and body.get("type") == "url_verification":
        return "Slack verifies the address"
    return None
