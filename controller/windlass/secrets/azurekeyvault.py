"""`ref+azurekeyvault://VAULT/SECRET[/VERSION][#/KEY]`: a secret of an Azure Key Vault, over its REST interface.

In: the store (the vault's address; tenant, client and its secret, or else the identity of the machine), a reference.
VAULT is the vault's name or its whole host, as in vals, and has to be the store's. Out: the value, or an entry of one
that is JSON or YAML. This is the only place that imports azure-identity, and only when such a store is asked.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from windlass.errors import SecretError
from windlass.secrets.asking import Asking, refused
from windlass.secrets.entry import entry_of_text

if TYPE_CHECKING:
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

API_VERSION = "7.4"
PUBLIC = "vault.azure.net"
_PART = re.compile(r"[0-9A-Za-z-]{1,127}")


class AzureKeyVaultProvider:
    def __init__(self, store: OpenStore) -> None:
        assert store.address is not None  # the server file has no such store without
        self._store = store
        self._host = urlsplit(store.address).hostname or ""
        self._asking = Asking(store.name, store.address, store.credential("ca"))
        self._lock = threading.Lock()
        self._entered: tuple[str | None, Any] | None = None  # the secret as it was given, and azure's credential

    def value(self, reference: Reference, origin: Origin) -> str:
        if reference.params:
            raise SecretError(
                "secret-denied", f"azurekeyvault references have no {', '.join(sorted(reference.params))}"
            )
        place = self._place(reference.path)
        headers = {"Authorization": f"Bearer {self._token()}"}
        answer = self._asking.ask("GET", place, headers=headers, params={"api-version": API_VERSION})
        value = answer.part("value")
        if answer.status != 200 or not isinstance(value, str):
            raise refused(self._store.name, answer, reference.path)
        return entry_of_text(value, reference.keys, reference.path)

    def _place(self, path: str) -> str:
        vault, *rest = path.strip("/").split("/")
        if not 1 <= len(rest) <= 2 or not all(map(_PART.fullmatch, rest)):
            raise SecretError("secret-failed", f"{path}: write VAULT/SECRET or VAULT/SECRET/VERSION")
        if vault not in (self._host, self._host.partition(".")[0]):
            message = f"store {self._store.name} is vault {self._host}, and {path} is of another"
            raise SecretError("secret-denied", message)
        return "/secrets/" + "/".join(quote(part, safe="") for part in rest)

    @property
    def _scope(self) -> str:
        """A vault of another cloud has its own audience: what follows the vault's name."""
        name, _, domain = self._host.partition(".")
        return f"https://{domain if name and domain.startswith('vault.') else PUBLIC}/.default"

    def _token(self) -> str:
        identity, core = self._azure()
        secret = self._store.credential("clientSecret")
        with self._lock:
            try:
                if self._entered is None or self._entered[0] != secret:
                    self._entered = (secret, self._credential(identity, secret))
                return str(self._entered[1].get_token(self._scope).token)
            except core.ClientAuthenticationError:
                message = f"store {self._store.name}: Azure refuses the login"
                raise SecretError("secret-denied", message) from None
            except (core.AzureError, ValueError) as error:
                message = f"store {self._store.name}: there is no access token ({type(error).__name__})"
                raise SecretError("secret-failed", message) from None

    def _credential(self, identity: Any, secret: str | None) -> Any:
        options = self._store.options
        if secret is None:
            return identity.DefaultAzureCredential(exclude_interactive_browser_credential=True)
        if not {"tenantId", "clientId"} <= set(options):
            message = f"store {self._store.name}: clientSecret needs options: tenantId, clientId"
            raise SecretError("secret-failed", message)
        where = (
            {"authority": options["authority"], "disable_instance_discovery": True} if "authority" in options else {}
        )
        return identity.ClientSecretCredential(options["tenantId"], options["clientId"], secret.strip(), **where)

    def _azure(self) -> tuple[Any, Any]:
        try:
            import azure.core.exceptions
            import azure.identity
        except ImportError:
            message = f"store {self._store.name} needs Azure's library: pip install 'windlass[azure]'"
            raise SecretError("secret-failed", message) from None
        return azure.identity, azure.core.exceptions
