"""GitHub and GitLab.

GitHub (also Gitea and Forgejo): `X-Hub-Signature-256: sha256=<hex HMAC of the body>`; `X-Hub-Signature` (SHA-1) is not
looked at. GitLab sends the secret itself in `X-Gitlab-Token`; its `Idempotency-Key` stays the same when it retries.
https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.gitlab.com/user/project/integrations/webhooks/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.triggers.webhook.base import HookRequest, VerificationError, Verified
from windlass.triggers.webhook.signature import check_hmac, equal_to_any, identifier, raw, single

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.clock import Millis

GITHUB_SIGNATURE = "X-Hub-Signature-256"
GITLAB_TOKEN = "X-Gitlab-Token"  # noqa: S105 (a header's name)


class GitHub:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        algorithm, _, signature = single(request, GITHUB_SIGNATURE).partition("=")
        if algorithm != "sha256":
            raise VerificationError(f"{GITHUB_SIGNATURE} must begin with sha256=")
        check_hmac(secrets, request.body, [signature], GITHUB_SIGNATURE)
        return Verified(identifier(request, "X-GitHub-Delivery"))


class GitLab:
    def verify(
        self, request: HookRequest, secrets: Sequence[bytes], now: Millis, options: Mapping[str, Any]
    ) -> Verified:
        if not equal_to_any(raw(single(request, GITLAB_TOKEN)), secrets):
            raise VerificationError(f"the token in {GITLAB_TOKEN} does not fit")
        return Verified(identifier(request, "Idempotency-Key"))
