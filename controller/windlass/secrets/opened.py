"""A store as its provider has it: where it is, and its credentials as they are now.

In: a store of the server file. Out: `OpenStore`; a credential is read each time that it is asked for, so that one that
is replaced in its file counts without a restart. Messages name the place, never what is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SecretError, UsageError
from windlass.secrets.age_keys import keys_of_server
from windlass.secrets.server_keys import read_key

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.secrets.sops.age import AgeKey
    from windlass.settings import SecretStore


class OpenStore:
    """`address` and `options` are the operator's; nothing of a reference gets into them."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store
        self.name = store.name
        self.backend = store.backend
        self.address = store.address
        self.options = dict(store.options)
        self.recipients = store.recipients

    def has(self, credential: str) -> bool:
        return credential in self._store.credentials

    def file(self, credential: str) -> Path | None:
        """Where it is, when it is in a file."""
        source = self._store.credentials.get(credential)
        return source.file if source is not None else None

    def credential(self, name: str) -> str | None:
        """As it is now; None: the server file has none of that name. Raises SecretError."""
        source = self._store.credentials.get(name)
        if source is None:
            return None
        try:
            return read_key(source, f"store {self.name}: credentials.{name}").decode()
        except (UsageError, UnicodeDecodeError) as error:
            raise SecretError("secret-failed", f"store {self.name}: its {name} cannot be read") from error

    def age_keys(self) -> list[AgeKey]:
        """Raises UsageError."""
        return keys_of_server(self._store.age, f"store {self.name}: age")


def stored_at(store: SecretStore) -> str:
    """Where it is, once all that it is opened with could be read. Raises UsageError."""
    for name, source in store.credentials.items():
        read_key(source, f"store {store.name}: credentials.{name}")
    keys_of_server(store.age, f"store {store.name}: age")
    return store.address or store.backend
