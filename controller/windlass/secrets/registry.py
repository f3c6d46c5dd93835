"""The backends of secret references, by name: one module each, imported when a store of it is first asked.

In: what this server or command has: its own providers, the stores of its server file. Out: a Resolver that knows them
all. Each provider is given its own store and nothing else.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.secrets.opened import OpenStore
from windlass.secrets.policy import check_merged, chosen
from windlass.secrets.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.secrets.base import Origin, Provider, Reference
    from windlass.settings import SecretStore


def _vault(store: OpenStore) -> Provider:
    from windlass.secrets.vault import VaultProvider

    return VaultProvider(store)


def _awssecrets(store: OpenStore) -> Provider:
    from windlass.secrets.awssecrets import AwsSecretsProvider

    return AwsSecretsProvider(store)


def _awsssm(store: OpenStore) -> Provider:
    from windlass.secrets.awsssm import AwsSsmProvider

    return AwsSsmProvider(store)


def _gcpsecrets(store: OpenStore) -> Provider:
    from windlass.secrets.gcpsecrets import GcpSecretsProvider

    return GcpSecretsProvider(store)


def _azurekeyvault(store: OpenStore) -> Provider:
    from windlass.secrets.azurekeyvault import AzureKeyVaultProvider

    return AzureKeyVaultProvider(store)


def _k8s(store: OpenStore) -> Provider:
    from windlass.secrets.k8s import K8sProvider

    return K8sProvider(store)


# How the provider of a store is made, by backend.
BUILDERS: dict[str, Callable[[OpenStore], Provider]] = {
    "vault": _vault,
    "openbao": _vault,
    "awssecrets": _awssecrets,
    "awsssm": _awsssm,
    "gcpsecrets": _gcpsecrets,
    "azurekeyvault": _azurekeyvault,
    "k8s": _k8s,
}


class Backends:
    """Which provider a reference goes to. `own` are those that need no store of the server file."""

    def __init__(self, own: Mapping[str, Provider], stores: Sequence[SecretStore] = ()) -> None:
        self._own = own
        self._stores = stores
        self._made: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def choose(self, reference: Reference, origin: Origin) -> tuple[Provider, Reference]:
        """Raises SecretError when it may not be used."""
        check_merged(origin)
        if reference.backend in self._own:
            return self._own[reference.backend], reference
        store, decided = chosen(self._stores, reference, origin)
        return self._of(store), decided

    def _of(self, store: SecretStore) -> Provider:
        build = BUILDERS.get(store.backend)
        if build is None:
            raise SecretError("secret-denied", f"{store.backend} gives no secrets here")
        with self._lock:
            if store.name not in self._made:
                self._made[store.name] = build(OpenStore(store))
            return self._made[store.name]


def make_resolver(own: Mapping[str, Provider], stores: Sequence[SecretStore] = ()) -> Resolver:
    return Resolver(Backends(own, stores).choose)
