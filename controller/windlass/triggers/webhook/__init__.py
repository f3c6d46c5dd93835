"""Webhooks: who sent this? One entry for every scheme of `verify: {scheme: …}`.

In: a request as it came, the keys that are valid now. Out: `Verified`, or VerificationError (401). `base.py` is the
contract of a scheme.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.errors import UsageError
from windlass.triggers.webhook.base import HookRequest, NoKeyError, Scheme, VerificationError, Verified
from windlass.triggers.webhook.forges import GitHub, GitLab
from windlass.triggers.webhook.ping import ping
from windlass.triggers.webhook.plain import Hmac, Nobody, Token
from windlass.triggers.webhook.standard import Standard
from windlass.triggers.webhook.timed import Slack, Stripe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis

__all__ = [
    "SCHEMES",
    "HookRequest",
    "NoKeyError",
    "Scheme",
    "VerificationError",
    "Verified",
    "check_secret",
    "ping",
    "verify",
]

SHORTEST_SECRET = 4  # bytes; fine print, "Secrets": shorter ones are refused

SCHEMES: Mapping[str, Scheme] = {
    "github": GitHub(),
    "gitlab": GitLab(),
    "slack": Slack(),
    "stripe": Stripe(),
    "standard": Standard(),
    "hmac-sha256": Hmac(),
    "token": Token(),
    "none": Nobody(),
}


def verify(
    scheme: str, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
) -> Verified:
    """Raises VerificationError; its subclass NoKeyError when no key is there or one is empty (W01)."""
    if scheme != "none" and not (secrets and all(secret.strip() for secret in secrets)):
        raise NoKeyError("this hook has no key to check with")
    return SCHEMES[scheme].verify(request, secrets, now, options)


def check_secret(name: str, secret: bytes) -> None:
    """Whether a webhook key may be used at all, asked when the server starts. Raises UsageError."""
    if len(secret.strip()) < SHORTEST_SECRET:
        message = f"the webhook key {name} is empty" if not secret.strip() else f"the webhook key {name} is too short"
        raise UsageError(message, f"give it at least {SHORTEST_SECRET} characters, better 32 random ones")
