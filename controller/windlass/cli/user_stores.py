"""The stores that a user has on a laptop, where their own tools find them.

In: the environment of whoever runs `windlass run` or `secrets check`. Out: stores with their own credentials, and for
each backend that is not set up a provider that says what is missing. The address is always the user's own: that of a
reference is no place to send credentials to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.yaml_tree import read_yaml
from windlass.settings import SecretGrant, SecretSource, SecretStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.secrets.base import Origin, Provider, Reference

_DEEPEST = 20


class NotSetUp:
    """In place of a store: says how there would be one."""

    def __init__(self, hint: str) -> None:
        self._hint = hint

    def value(self, reference: Reference, origin: Origin) -> str:
        raise SecretError(
            "secret-denied", f"no {reference.backend} is set up here for {origin.repository}: {self._hint}"
        )


def user_stores(repository: str, environment: Mapping[str, str] | None = None) -> list[SecretStore]:
    """Those that are set up; a repository of that name may read all that the user may."""
    known = os.environ if environment is None else environment
    home = Path(known.get("HOME") or "/nonexistent")
    found = [
        _vault("vault", "VAULT", known, home),
        _vault("openbao", "BAO", known, home),
        *_clouds(known),
        _k8s(known, home),
    ]
    everything = (SecretGrant(("*",), repositories=(repository,)),)
    return [_made(*one, everything) for one in found if one is not None]


def not_set_up(stores: list[SecretStore]) -> dict[str, Provider]:
    there = {store.backend for store in stores}
    return {backend: NotSetUp(hint) for backend, hint in HINTS.items() if backend not in there}


HINTS = {
    "vault": "VAULT_ADDR says where, VAULT_TOKEN or ~/.vault-token who",
    "openbao": "BAO_ADDR says where, BAO_TOKEN or ~/.vault-token who",
    "awssecrets": "AWS_REGION or AWS_DEFAULT_REGION says where",
    "awsssm": "AWS_REGION or AWS_DEFAULT_REGION says where",
    "azurekeyvault": "AZURE_KEYVAULT_URL says where, az login who",
    "k8s": "there is no kubeconfig",
}
_Found = tuple[str, str | None, dict[str, str], dict[str, SecretSource]]


def _made(
    backend: str, address: str | None, options: dict[str, str], credentials: dict[str, SecretSource], allow: Any
) -> SecretStore:
    return SecretStore(backend, backend, address, options, credentials, allow=allow)


def _vault(backend: str, prefix: str, known: Mapping[str, str], home: Path) -> _Found | None:
    address = known.get(f"{prefix}_ADDR")
    if not address:
        return None
    credentials = {"token": SecretSource(file=home / ".vault-token")}
    if known.get(f"{prefix}_TOKEN"):
        credentials["token"] = SecretSource(env=f"{prefix}_TOKEN")
    if known.get(f"{prefix}_CACERT"):
        credentials["ca"] = SecretSource(file=Path(known[f"{prefix}_CACERT"]))
    namespace = known.get(f"{prefix}_NAMESPACE")
    return backend, address, {"namespace": namespace} if namespace else {}, credentials


def _clouds(known: Mapping[str, str]) -> list[_Found]:
    found: list[_Found] = [("gcpsecrets", None, {}, {})]
    region = known.get("AWS_REGION") or known.get("AWS_DEFAULT_REGION")
    if region:
        endpoint = known.get("AWS_ENDPOINT_URL") or None
        found += [(backend, endpoint, {"region": region}, {}) for backend in ("awssecrets", "awsssm")]
    if known.get("AZURE_KEYVAULT_URL"):
        found.append(("azurekeyvault", known["AZURE_KEYVAULT_URL"].rstrip("/"), {}, {}))
    return found


def _k8s(known: Mapping[str, str], home: Path) -> _Found | None:
    """The cluster of the current context, and its namespace."""
    file = Path((known.get("KUBECONFIG") or str(home / ".kube/config")).split(os.pathsep)[0])
    try:
        config = read_yaml(file.read_bytes(), _DEEPEST)[0]
        current = config["current-context"]
        context = next(one["context"] for one in config["contexts"] if one["name"] == current)
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return None
    options = {"namespace": str(context.get("namespace") or "default"), "context": str(current)}
    return "k8s", None, options, {"kubeconfig": SecretSource(file=file)}
