"""With what the keys of KMS, PGP, Vault, Azure and Google are asked for: a store of the server file, or a user's own.

In: a store of backend sops. Out: the whole environment of the program sops, made of the store's credentials and of
nothing else; `identity: machine` adds the variables by which clouds tell a machine who it is, and those alone.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any, Protocol

from windlass.errors import SecretError
from windlass.secrets.sops.binary import LIMIT, PATH, decrypted, private_home
from windlass.secrets.sops.foreign import allowed_metadata, named_keys
from windlass.secrets.sops.trees import METADATA, read_tree
from windlass.secrets.sops.yaml_tree import write_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from windlass.secrets.opened import OpenStore
    from windlass.secrets.sops.age import AgeKey

# Variable → the credential of the store that it holds; those of _FILES hold the name of a file with it.
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "accessKeyId",
    "AWS_SECRET_ACCESS_KEY": "secretAccessKey",
    "AWS_SESSION_TOKEN": "sessionToken",
    "VAULT_TOKEN": "vaultToken",
    "AZURE_CLIENT_SECRET": "clientSecret",
}
_FILES = {"VAULT_CACERT": "vaultCa", "GOOGLE_APPLICATION_CREDENTIALS": "serviceAccount"}
_OPTIONS = {"AZURE_TENANT_ID": "tenantId", "AZURE_CLIENT_ID": "clientId", "AWS_ENDPOINT_URL": "awsEndpoint"}
# Neither profiles nor the metadata of the machine say who we are, and no redirect takes a token along.
_CLOSED = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",  # sops takes that of the key
    "VAULT_DISABLE_REDIRECTS": "true",
    "VAULT_MAX_RETRIES": "0",
    "GCE_METADATA_HOST": "127.0.0.1:1",
}
_OF_MACHINE = (
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_SESSION_NAME", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST", "GOOGLE_APPLICATION_CREDENTIALS",
)  # fmt: skip


class Keeper(Protocol):
    """Opens what is encrypted for other keys than age."""

    def opened(self, data: bytes, format_: str, keys: Sequence[AgeKey]) -> dict[str, Any] | None:
        """The first document; None when nothing of the file is for it. Raises SecretError."""


class StoreKeeper:
    """One store of the server file. `recipients` are the keys that a file may name."""

    def __init__(self, store: OpenStore) -> None:
        self._store = store

    def opened(self, data: bytes, format_: str, keys: Sequence[AgeKey]) -> dict[str, Any] | None:
        documents, written = read_tree(data, format_)
        if not self._store.recipients or not named_keys(written):
            return None
        metadata = allowed_metadata(written, self._store.recipients)
        if len(documents) != 1:
            raise SecretError("secret-failed", "it has several documents: those are opened with age keys only")
        with private_home() as home:
            try:
                age = "\n".join(key.text for key in keys if key.text)
                file = write_yaml({**documents[0], METADATA: metadata})
                return decrypted(file, "yaml", {**self._environment(home), "SOPS_AGE_KEY": age}, home)
            finally:
                _end_agent(home)

    def _environment(self, home: Path) -> dict[str, str]:
        store = self._store
        found = dict(_CLOSED)
        if store.options.get("identity") == "machine":
            del found["AWS_EC2_METADATA_DISABLED"], found["GCE_METADATA_HOST"]
            found |= {name: os.environ[name] for name in _OF_MACHINE if name in os.environ}
        found |= {name: store.options[option] for name, option in _OPTIONS.items() if option in store.options}
        for name, credential in _CREDENTIALS.items():
            value = store.credential(credential)
            if value is not None:
                found[name] = value.strip()
        for name, credential in _FILES.items():
            value = store.credential(credential)
            if value is not None:
                found[name] = str(_private(home / credential, value))
        pgp = store.credential("pgp")
        return found if pgp is None else {**found, "GNUPGHOME": str(_ring(home, pgp, store.name))}


class UserKeeper:
    """Whoever runs this on a laptop: sops with their own environment, as they run it by hand."""

    def opened(self, data: bytes, format_: str, keys: Sequence[AgeKey]) -> dict[str, Any] | None:
        _, written = read_tree(data, format_)
        if not named_keys(written):
            return None
        with private_home() as home:
            return decrypted(data, format_, os.environ, home)


def _private(path: Path, text: str) -> Path:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _ring(home: Path, key: str, store: str) -> Path:
    """GnuPG's folder with that key in it, and no other."""
    folder = home / "pgp"
    folder.mkdir(mode=0o700)
    try:
        done = subprocess.run(
            ["gpg", "--batch", "--quiet", "--import"],
            input=key.encode(),
            env=_of_gnupg(home),
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    except FileNotFoundError:
        raise SecretError("secret-failed", f"store {store}: PGP keys need the program gpg (GnuPG)") from None
    except subprocess.TimeoutExpired:
        raise SecretError("secret-failed", f"store {store}: gpg was not done within {LIMIT:g} seconds") from None
    if done.returncode != 0:
        raise SecretError("secret-failed", f"store {store}: what credentials.pgp holds is no private PGP key")
    return folder


def _end_agent(home: Path) -> None:
    """The one that gpg starts to hold the key."""
    if (home / "pgp").exists():
        words = ["gpgconf", "--kill", "all"]
        subprocess.run(words, env=_of_gnupg(home), capture_output=True, timeout=LIMIT, check=False)


def _of_gnupg(home: Path) -> Mapping[str, str]:
    return {"PATH": PATH, "HOME": str(home), "GNUPGHOME": str(home / "pgp")}
