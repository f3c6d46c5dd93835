"""Deliveries that only try the line (W16)."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.triggers.webhook import HookRequest, ping


@pytest.mark.parametrize(
    ("scheme", "event", "body", "is_ping"),
    [
        ("github", "ping", {"zen": "Design for failure."}, True),
        ("github", "push", {"ref": "refs/heads/main"}, False),
        ("slack", "", {"type": "url_verification", "challenge": "x"}, True),
        ("slack", "", {"type": "event_callback"}, False),
        ("slack", "", "text", False),
        ("token", "ping", {"type": "url_verification"}, False),
    ],
)
def test_w16_a_ping_starts_nothing(scheme: str, event: str, body: Any, is_ping: bool) -> None:
    request = HookRequest("POST", (("X-GitHub-Event", event),), {}, b"")
    assert (ping(scheme, request, body) is not None) is is_ping
