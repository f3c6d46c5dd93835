"""One question to a store over HTTP: to its own address, and to no other.

In: the address that the server file gives a store, maybe the certificates of its authority; then paths, headers and
bodies. Out: status and JSON. A redirect is not followed: the credentials are for this address. What cannot be had is a
SecretError `secret-failed` that names the store; nothing of an answer is ever in a message. This is where the stores
import httpx2.
"""

from __future__ import annotations

import json
import ssl
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

WAITING = 10.0  # seconds for an answer
CONNECTING = 5.0  # seconds
LARGEST_ANSWER = 4 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any  # parsed JSON; None when it is none

    def part(self, *keys: str) -> Any:
        """What stands at a place of an object; None when there is no such place."""
        found = self.body
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found


class Asking:
    """Asks one store; from several threads, over connections that are kept.

    `ca` is PEM: then no other certificate is trusted. `trust` stands for both when it was made elsewhere.
    """

    def __init__(
        self,
        store: str,
        address: str,
        ca: str | None = None,
        *,
        waiting: float = WAITING,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._address = address.rstrip("/")
        self._ca = ca
        self._waiting = waiting
        self._trusted = trust
        self._lock = threading.Lock()
        self._http: httpx2.Client | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """`path` is percent-encoded and begins with a slash. Raises SecretError when there is no answer."""
        import httpx2

        try:
            with self._client().stream(
                method, self._address + path, headers=headers, params=params, json=body
            ) as answer:
                return self._read(answer)
        except httpx2.TimeoutException:
            raise self._failed(f"did not answer within {self._waiting:g} seconds", again=True) from None
        except httpx2.TransportError as error:
            if _distrusted(error):
                raise self._failed("cannot be reached (its certificate is not trusted)") from None
            raise self._failed(f"cannot be reached ({type(error).__name__})", again=True) from None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise self._failed(f"cannot be asked ({type(error).__name__})") from None

    def _client(self) -> httpx2.Client:
        import httpx2

        with self._lock:
            if self._http is None:
                limits = httpx2.Timeout(self._waiting, connect=min(CONNECTING, self._waiting))
                self._http = httpx2.Client(verify=self._trust(), timeout=limits, follow_redirects=False)
                weakref.finalize(self, self._http.close)  # its connections go with it
            return self._http

    def _trust(self) -> ssl.SSLContext:
        if self._trusted is not None:
            return self._trusted
        try:
            return ssl.create_default_context(cadata=self._ca)
        except (ssl.SSLError, ValueError):
            raise self._failed("has no certificates in what `ca` names") from None

    def _read(self, answer: httpx2.Response) -> Answer:
        if answer.is_redirect:
            raise self._failed(f"answers {answer.status_code}, a redirect, which is not followed")
        data = bytearray()
        for chunk in answer.iter_bytes():
            data += chunk
            if len(data) > LARGEST_ANSWER:
                raise self._failed(f"answers more than {LARGEST_ANSWER} bytes")
        try:
            return Answer(answer.status_code, json.loads(data))
        except (ValueError, RecursionError):
            return Answer(answer.status_code, None)

    def _failed(self, message: str, *, again: bool = False) -> SecretError:
        return SecretError("secret-failed", f"store {self._store} {message}", again=again)


def _distrusted(error: BaseException) -> bool:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return True
        found = found.__cause__ or found.__context__
    return False


def refused(store: str, answer: Answer, what: str) -> SecretError:
    """The SecretError for an answer that is none of success; `what` was asked for."""
    if answer.status == 404:
        return SecretError("secret-not-found", f"store {store} has no {what}")
    if answer.status in (401, 403):
        return SecretError("secret-denied", f"store {store} refuses {what} ({answer.status})")
    said = "what cannot be used" if answer.status == 200 else answer.status
    return SecretError("secret-failed", f"store {store} answers {said} for {what}")
