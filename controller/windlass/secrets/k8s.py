"""`ref+k8s://v1/Secret/NAMESPACE/NAME/KEY`: an entry of a Secret (or ConfigMap) of the tenant's own namespace.

In: the store (an address and a token, a kubeconfig, or else the service account of our pod; the namespace), a
reference. Out: the value. The namespace is the store's option, or the run's tenant: whatever else our account may read
is nothing that a reference can ask for. `…/NAME#/KEY` means the same, as in vals.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from windlass.errors import SecretError
from windlass.kube.access import Place, load
from windlass.kube.errors import AccessError
from windlass.secrets.asking import Asking, refused
from windlass.secrets.entry import entry_of_text, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.kube.access import Access
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

KINDS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class K8sProvider:
    def __init__(self, store: OpenStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._reached: tuple[Asking, Access | None] | None = None

    def value(self, reference: Reference, origin: Origin) -> str:
        if reference.params:
            raise SecretError("secret-denied", f"k8s references have no {', '.join(sorted(reference.params))}")
        kind, namespace, name, keys = _taken_apart(reference)
        self._check_namespace(namespace, origin, reference.path)
        asking, access = self._cluster()
        where = f"/api/v1/namespaces/{quote(namespace)}/{KINDS[kind]}/{quote(name)}"
        answer = asking.ask("GET", where, headers=self._headers(access))
        if answer.status != 200:
            raise refused(self._store.name, answer, f"{kind} {name} in {namespace}")
        data = answer.part("data", keys[0])
        if not isinstance(data, str):
            raise SecretError("secret-not-found", f"{kind} {name} in {namespace} has no entry /{keys[0]}")
        text = _decoded(data, f"{kind} {name}") if kind == "Secret" else data
        return entry_of_text(text, keys[1:], reference.path)

    def _check_namespace(self, namespace: str, origin: Origin, path: str) -> None:
        own = self._store.options.get("namespace") or origin.tenant
        if own is None:
            message = f"store {self._store.name} has no namespace, and repository {origin.repository} no tenant"
            raise SecretError("secret-denied", message)
        if namespace != own:
            raise SecretError("secret-denied", f"{path} is not in namespace {own}, the only one that is read for it")

    def _cluster(self) -> tuple[Asking, Access | None]:
        with self._lock:
            if self._reached is None:
                self._reached = self._reach()
            return self._reached

    def _reach(self) -> tuple[Asking, Access | None]:
        store = self._store
        if store.address is not None:
            return Asking(store.name, store.address, store.credential("ca")), None
        file = store.file("kubeconfig")
        try:
            access = load(Place(str(file) if file is not None else None, store.options.get("context")))
        except (AccessError, OSError) as error:
            raise SecretError("secret-failed", f"store {store.name}: {error}") from error
        return Asking(store.name, access.server, trust=access.ssl), access

    def _headers(self, access: Access | None) -> Mapping[str, str]:
        token = self._store.credential("token")
        if token is not None:
            return {"Authorization": f"Bearer {token.strip()}"}
        try:
            return access.authorization() if access is not None else {}
        except AccessError as error:
            raise SecretError("secret-denied", f"store {self._store.name}: {error}") from error


def _taken_apart(reference: Reference) -> tuple[str, str, str, tuple[str, ...]]:
    """(kind, namespace, name, keys)"""
    version, kind, namespace, name, *key = [*reference.path.strip("/").split("/"), "", "", ""]
    keys = (*filter(None, key), *reference.keys)
    named = kind in KINDS and _NAME.fullmatch(namespace) and _NAME.fullmatch(name)
    if version != "v1" or not named or not keys or len(key) > 4:
        message = f"{reference.path}: write v1/Secret/NAMESPACE/NAME/KEY, of kind {' or '.join(KINDS)}"
        raise SecretError("secret-failed", message)
    return kind, namespace, name, keys


def _decoded(data: str, place: str) -> str:
    try:
        return text_of(base64.b64decode(data, validate=True), place)
    except binascii.Error:
        raise SecretError("secret-failed", f"{place} is damaged") from None
