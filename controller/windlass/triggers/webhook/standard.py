"""Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64> …`, keys as `whsec_<base64>`.

The signature is made by the `standardwebhooks` library. Its own `verify` asks the machine's clock; here the time is an
argument, so the tolerance is checked by us. https://github.com/standard-webhooks/standard-webhooks (spec)
"""

from __future__ import annotations

import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from windlass.triggers.webhook.base import HookRequest, NoKeyError, VerificationError, Verified
from windlass.triggers.webhook.signature import check_recent, equal_to_any, fitting, raw, single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from standardwebhooks import Webhook

    from windlass.clock import Millis

MOST_SIGNATURES = 20


class Standard:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        message_id = single(request, "webhook-id")
        time = single(request, "webhook-timestamp")
        given = single(request, "webhook-signature").split(" ")
        if not message_id or len(given) > MOST_SIGNATURES:
            raise VerificationError("webhook-id or webhook-signature is malformed")
        moment = datetime.fromtimestamp(check_recent(time, now, "webhook-timestamp"), UTC)
        try:
            body = request.body.decode()
        except UnicodeDecodeError:
            raise VerificationError("the body is not UTF-8, which this scheme signs") from None
        expected = [_signer(secret).sign(message_id, moment, body).encode() for secret in secrets]
        found = False
        for signature in given:
            found |= equal_to_any(raw(signature), expected)
        if not found:
            raise VerificationError("the signature in webhook-signature does not fit")
        return Verified(fitting(message_id))


def _signer(secret: bytes) -> Webhook:
    from standardwebhooks import Webhook
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    try:
        return Webhook(secret.decode("ascii"))
    except (binascii.Error, UnicodeDecodeError, EmptyWebhookSecretError):
        raise NoKeyError("the key of this hook is not base64, as Standard Webhooks keys are") from None
