"""Clients of AWS for one store. This is the only place that imports boto3, and only when a store of AWS is asked.

In: the store: region, credentials or the identity of the machine, maybe a role to take and another endpoint. Out:
clients that never wait for long, and the SecretError of what AWS refused. Environment and profiles of the server choose
no endpoint: that stands in the server file.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.secrets.opened import OpenStore

CONNECTING, WAITING = 5, 10  # seconds
TRIES = 2
SESSION = 3600  # seconds of a role that was taken
_EARLY = 300  # seconds before its end that a role is taken anew
_MISSING = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
_DENIED = frozenset({
    "AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidSignatureException", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException",
    "IncompleteSignature", "MissingAuthenticationToken", "AuthFailure", "OptInRequired",
})  # fmt: skip


class AwsClients:
    """The client of one service, made once and shared by threads; made anew when its credentials have changed."""

    def __init__(self, store: OpenStore, service: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._made: tuple[tuple[str | None, ...], float, Any] | None = None

    def call(self, operation: str, what: str, **words: Any) -> dict[str, Any]:
        """The answer of an operation. Raises SecretError; `what` was asked for."""
        self._boto3()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client(), operation)(**words)
        except ClientError as error:
            raise self._refused(str(error.response.get("Error", {}).get("Code", "")), what) from None
        except BotoCoreError as error:
            raise self._unreachable(error) from None
        return answer

    def _client(self) -> Any:
        with self._lock:
            given = self._given()
            if self._made is None or self._made[0] != given or self._made[1] <= self._clock():
                until, client = self._make(given)
                self._made = (given, until, client)
            return self._made[2]

    def _given(self) -> tuple[str | None, ...]:
        names = ("accessKeyId", "secretAccessKey", "sessionToken")
        return tuple(None if (one := self._store.credential(name)) is None else one.strip() for name in names)

    def _make(self, given: tuple[str | None, ...]) -> tuple[float, Any]:
        role = self._store.options.get("role")
        if role is None:
            return float("inf"), self._of(self._service, given)
        answer = self._of("sts", given).assume_role(RoleArn=role, RoleSessionName="windlass", DurationSeconds=SESSION)
        taken = answer["Credentials"]
        mine = (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return self._clock() + SESSION - _EARLY, self._of(self._service, mine)

    def _of(self, service: str, given: tuple[str | None, ...]) -> Any:
        boto3 = self._boto3()
        from botocore.config import Config

        key, secret, token = given
        session = boto3.Session(
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            region_name=self._store.options["region"],
        )
        bounds = Config(
            connect_timeout=CONNECTING,
            read_timeout=WAITING,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            ignore_configured_endpoint_urls=True,
        )
        return session.client(service, endpoint_url=self._store.address, config=bounds)

    def _boto3(self) -> Any:
        try:
            import boto3
        except ImportError:
            message = f"store {self._store.name} needs the AWS library: pip install 'windlass[aws]'"
            raise SecretError("secret-failed", message) from None
        return boto3

    def _refused(self, code: str, what: str) -> SecretError:
        name = self._store.name
        if code in _MISSING:
            return SecretError("secret-not-found", f"store {name} has no {what}")
        if code in _DENIED:
            return SecretError("secret-denied", f"store {name} refuses {what} ({code})")
        return SecretError("secret-failed", f"store {name} answers {code or 'with an error'} for {what}")

    def _unreachable(self, error: Exception) -> SecretError:
        kind = type(error).__name__
        if kind in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
            message = f"store {self._store.name} has no credentials, and this machine has no identity at AWS"
            return SecretError("secret-denied", message)
        late = kind in ("ReadTimeoutError", "ConnectTimeoutError")
        what = f"did not answer within {WAITING} seconds" if late else f"cannot be reached ({kind})"
        return SecretError("secret-failed", f"store {self._store.name} {what}", again=True)
