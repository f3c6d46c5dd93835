"""The schemes without a vendor: `hmac-sha256` with a header of one's own, a bearer `token`, and `none`.

`hmac-sha256`: the header named by `header` (`X-Signature-256`) holds the HMAC of the body in hexadecimal, `sha256=`
before it is optional; `idHeader` names the header with the delivery's id. `token`: `Authorization: Bearer <secret>`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.triggers.webhook.base import HookRequest, VerificationError, Verified
from windlass.triggers.webhook.signature import check_hmac, equal_to_any, identifier, raw, single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis

DEFAULT_HEADER = "X-Signature-256"


class Hmac:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        header = options.get("header") or DEFAULT_HEADER
        id_header = options.get("idHeader")
        check_hmac(secrets, request.body, [single(request, header).removeprefix("sha256=")], header)
        return Verified(identifier(request, id_header) if id_header else None)


class Token:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        kind, _, token = single(request, "Authorization").partition(" ")
        if kind.lower() != "bearer" or not equal_to_any(raw(token.strip(" ")), secrets):
            raise VerificationError("the bearer token in Authorization does not fit")
        return Verified()


class Nobody:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        return Verified()
