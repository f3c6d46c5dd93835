"""`ref+vault://PATH#/KEY` and `ref+openbao://…`: an entry of a key-value engine of Vault or OpenBao, version 1 or 2.

In: the store (address, how to log in), a reference. Out: the entry. PATH is written as the command line of Vault has it
(`secret/ci`), or with the `data/` of its API (`secret/data/ci`). Only key-value engines are read: whatever else a token
may do (issue credentials, sign) is nothing that a reference can ask for. `?version=N` and `?decode=base64` as in vals.
"""

from __future__ import annotations

import base64
import binascii
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.errors import SecretError
from windlass.secrets.asking import Asking, refused
from windlass.secrets.entry import entry, text_of
from windlass.secrets.vault_login import Login

if TYPE_CHECKING:
    from windlass.secrets.asking import Answer
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

PARAMS = frozenset({"version", "decode"})
_READABLE = ("kv", "generic")


@dataclass(frozen=True, slots=True)
class Mount:
    """An engine: where it is (with a slash at its end), and its version."""

    path: str
    version: int


class VaultProvider:
    def __init__(self, store: OpenStore) -> None:
        assert store.address is not None  # the server file has no such store without
        self._name = store.name
        self._namespace = store.options.get("namespace")
        self._asking = Asking(store.name, store.address, store.credential("ca"))
        self._login = Login(store, self._asking, self._headers())
        self._mounts: dict[str, Mount] = {}
        self._lock = threading.Lock()

    def value(self, reference: Reference, origin: Origin) -> str:
        _check(reference)
        path = reference.path.strip("/")
        data = self._data(path, reference.params.get("version"))
        found = entry(data, reference.keys, path)
        return _decoded(found, path) if reference.params.get("decode") == "base64" else found

    def _data(self, path: str, version: str | None) -> Any:
        mount = self._mount(path)
        rest = path.removeprefix(mount.path)
        if mount.version == 1:
            answer = self._get(f"/v1/{mount.path}{rest}", {})
            return self._found(answer, path, "data")
        params = {"version": version} if version is not None else {}
        answer = self._get(f"/v1/{mount.path}data/{rest.removeprefix('data/')}", params)
        return self._found(answer, path, "data", "data")

    def _found(self, answer: Answer, path: str, *keys: str) -> Any:
        data = answer.part(*keys)
        if answer.status == 404 or (answer.status == 200 and data is None):  # also: deleted
            raise SecretError("secret-not-found", f"store {self._name} has no {path}")
        if answer.status != 200 or not isinstance(data, dict):
            raise self._refused(answer, path)
        return data

    def _mount(self, path: str) -> Mount:
        """Which engine a path is of; asked once for each. Raises SecretError."""
        known = next((one for prefix, one in self._mounts.items() if f"{path}/".startswith(prefix)), None)
        if known is not None:
            return known
        answer = self._get(f"/v1/sys/internal/ui/mounts/{path}", {})
        where, kind = answer.part("data", "path"), answer.part("data", "type")
        if answer.status != 200 or not isinstance(where, str):
            raise self._refused(answer, path)
        if kind not in _READABLE or not f"{path}/".startswith(where):
            message = f"store {self._name}: {path} is of no key-value engine, and only those are read"
            raise SecretError("secret-denied", message)
        version = answer.part("data", "options", "version")
        mount = Mount(where, 2 if version == "2" else 1)
        with self._lock:
            self._mounts = {**self._mounts, where: mount}
        return mount

    def _get(self, path: str, params: dict[str, str]) -> Answer:
        """Once more with a new login when the token is refused: it may have been revoked."""
        answer = self._ask(path, params)
        if answer.status == 403 and self._login.renewed_after_refusal():
            answer = self._ask(path, params)
        return answer

    def _ask(self, path: str, params: dict[str, str]) -> Answer:
        headers = {**self._headers(), "X-Vault-Token": self._login.token()}
        return self._asking.ask("GET", quote(path), headers=headers, params=params)

    def _headers(self) -> dict[str, str]:
        """Vault sees by the first that no browser was led to ask it."""
        namespace = {"X-Vault-Namespace": self._namespace} if self._namespace is not None else {}
        return {"X-Vault-Request": "true", **namespace}

    def _refused(self, answer: Answer, path: str) -> SecretError:
        if answer.status == 503:
            return SecretError("secret-failed", f"store {self._name} is sealed, or stands by")
        return refused(self._name, answer, path)


def _check(reference: Reference) -> None:
    unknown = sorted(set(reference.params) - PARAMS)
    if unknown:
        raise SecretError("secret-denied", f"Vault references have version and decode, and no {', '.join(unknown)}")
    if not reference.keys:
        raise SecretError("secret-failed", f"{reference.path}: name one entry of it: #/KEY")
    version, decode = reference.params.get("version", "1"), reference.params.get("decode", "raw")
    if not version.isdecimal() or decode not in ("raw", "base64"):
        raise SecretError("secret-failed", f"{reference.path}: version is a number, decode is raw or base64")


def _decoded(value: str, path: str) -> str:
    try:
        return text_of(base64.b64decode(value, validate=True), path)
    except binascii.Error:
        raise SecretError("secret-failed", f"{path}: the entry is no base64") from None
