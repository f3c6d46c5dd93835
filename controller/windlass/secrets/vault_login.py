"""How a store of Vault is entered: with a token, an AppRole or the identity of a Kubernetes service account.

In: what the server file says of the store. Out: a token that is valid now. A login is made once and used until two
thirds of its time are over; a given token that can be renewed is renewed when half of its time is over. Raises
SecretError: `secret-denied` when Vault refuses who we are.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.secrets.asking import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.secrets.asking import Answer, Asking
    from windlass.secrets.opened import OpenStore

POD_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
FOREVER = float("inf")
METHODS = ("token", "approle", "kubernetes")


@dataclass(frozen=True, slots=True)
class Entered:
    """A token, and until when it is used without asking again."""

    token: str
    until: float


class Login:
    """`clock` counts seconds. From several threads: those who come meanwhile wait for the login that is under way."""

    def __init__(
        self,
        store: OpenStore,
        asking: Asking,
        headers: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._asking = asking
        self._headers = headers
        self._clock = clock
        self._lock = threading.Lock()
        self._entered: Entered | None = None

    def token(self) -> str:
        with self._lock:
            if self._method == "token":
                return self._given()
            if self._entered is None or self._entered.until <= self._clock():
                self._entered = self._enter()
            return self._entered.token

    def renewed_after_refusal(self) -> bool:
        """Forgets a login that is refused; False when there is no other way to enter."""
        with self._lock:
            entered, self._entered = self._entered, None
        return entered is not None and self._method != "token"

    @property
    def _method(self) -> str:
        written = self._store.options.get("auth")
        if written is None:
            written = (
                "token" if self._store.has("token") else "approle" if self._store.has("secretId") else "kubernetes"
            )
        if written not in METHODS:
            raise self._failed(f"auth is one of {', '.join(METHODS)}")
        return written

    def _given(self) -> str:
        token = self._store.credential("token")
        if token is None:
            raise self._failed("it needs credentials: token")
        token = token.strip()
        if self._entered is None or self._entered.token != token:
            self._entered = Entered(token, self._lasts(self._lookup(token)))
        elif self._entered.until <= self._clock():
            self._entered = Entered(token, self._lasts(self._renew(token)))
        return token

    def _lookup(self, token: str) -> Answer:
        return self._asking.ask("GET", "/v1/auth/token/lookup-self", headers={**self._headers, "X-Vault-Token": token})

    def _renew(self, token: str) -> Answer:
        headers = {**self._headers, "X-Vault-Token": token}
        return self._asking.ask("POST", "/v1/auth/token/renew-self", headers=headers, body={})

    def _lasts(self, answer: Answer) -> float:
        """When to renew: never what cannot be renewed, or may not look at itself."""
        for place, name in (("data", "ttl"), ("auth", "lease_duration")):
            seconds = answer.part(place, name)
            if (
                answer.status == 200
                and answer.part(place, "renewable") is True
                and isinstance(seconds, int)
                and seconds
            ):
                return self._clock() + seconds / 2
        return FOREVER

    def _enter(self) -> Entered:
        method = self._method
        path = self._store.options.get("authPath", method).strip("/")
        body = self._approle() if method == "approle" else self._kubernetes()
        answer = self._asking.ask("POST", f"/v1/auth/{path}/login", headers=self._headers, body=body)
        token, seconds = answer.part("auth", "client_token"), answer.part("auth", "lease_duration")
        if answer.status != 200 or not isinstance(token, str):
            if answer.status == 400:  # what Vault answers for a wrong role or secret
                raise SecretError("secret-denied", f"store {self._store.name} refuses the login by {method}")
            raise refused(self._store.name, answer, f"the login by {method} at auth/{path}")
        lasts = seconds * 2 / 3 if isinstance(seconds, int) and seconds else FOREVER
        return Entered(token, self._clock() + lasts)

    def _approle(self) -> dict[str, str]:
        role, secret = self._store.options.get("roleId"), self._store.credential("secretId")
        if role is None:
            raise self._failed("auth approle needs options: roleId")
        return {"role_id": role} if secret is None else {"role_id": role, "secret_id": secret.strip()}

    def _kubernetes(self) -> dict[str, str]:
        role, token = self._store.options.get("role"), self._store.credential("jwt")
        if role is None:
            raise self._failed("auth kubernetes needs options: role")
        return {"role": role, "jwt": (token if token is not None else self._of_pod()).strip()}

    def _of_pod(self) -> str:
        try:
            return POD_TOKEN.read_text()
        except OSError:
            raise self._failed(
                f"auth kubernetes needs credentials: jwt, or the token of a pod in {POD_TOKEN}"
            ) from None

    def _failed(self, message: str) -> SecretError:
        return SecretError("secret-failed", f"store {self._store.name}: {message}")
