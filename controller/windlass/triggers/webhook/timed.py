"""Slack and Stripe: the signature covers a time, and a time out of tolerance is refused. As both publish it.

Slack: `X-Slack-Signature: v0=<hex>` over `v0:<time>:<body>`. Stripe: `Stripe-Signature: t=<time>,v1=<hex>[,v1=<hex>]`
over `<time>.<body>`; other schemes than v1 in it are ignored. Both send an event again with a new time and signature;
what stays is the id in the body, so that is the delivery's id. It is read only after the signature fits.
https://docs.slack.dev/authentication/verifying-requests-from-slack https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.triggers.payload import PayloadError, parse_json
from windlass.triggers.webhook.base import HookRequest, VerificationError, Verified
from windlass.triggers.webhook.signature import check_hmac, check_recent, fitting, raw, single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis

SLACK_SIGNATURE = "X-Slack-Signature"
SLACK_TIME = "X-Slack-Request-Timestamp"
STRIPE_SIGNATURE = "Stripe-Signature"
MOST_PARTS = 20


class Slack:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        time = single(request, SLACK_TIME)
        version, _, signature = single(request, SLACK_SIGNATURE).partition("=")
        if version != "v0":
            raise VerificationError(f"{SLACK_SIGNATURE} must begin with v0=")
        check_recent(time, now, SLACK_TIME)
        check_hmac(secrets, b"v0:" + raw(time) + b":" + request.body, [signature], SLACK_SIGNATURE)
        return Verified(_id_in(request.body, "event_id"))


class Stripe:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        parts = [part.strip().partition("=") for part in single(request, STRIPE_SIGNATURE).split(",")]
        times = [value for key, _, value in parts if key == "t"]
        signatures = [value for key, _, value in parts if key == "v1"]
        if len(times) != 1 or not signatures or len(parts) > MOST_PARTS:
            raise VerificationError(f"{STRIPE_SIGNATURE} must hold one t= and a v1=")
        check_recent(times[0], now, STRIPE_SIGNATURE)
        check_hmac(secrets, raw(times[0]) + b"." + request.body, signatures, STRIPE_SIGNATURE)
        return Verified(_id_in(request.body, "id"))


def _id_in(body: bytes, key: str) -> str | None:
    try:
        event = parse_json(body)
    except PayloadError:
        return None  # a form, or JSON that is refused later with its own status
    value = event.get(key) if isinstance(event, dict) else None
    return fitting(value) if isinstance(value, str) else None
