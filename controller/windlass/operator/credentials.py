"""Secrets of a namespace → credentials of its repositories.

In: references in a spec. Out: an Auth, bound to the repository's URL, and keys. Only the namespace of the object is
read, only by name. What git needs as a file is written below the data folder, readable for the controller alone, and
named by its content: a Secret that changed is another file.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError, WindlassError
from windlass.secrets.sops.age import read_keys
from windlass.sources.auth import Auth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from windlass.operator.cluster import Cluster
    from windlass.secrets.sops.age import AgeKey
    from windlass_schemas.resources.git_source import SecretKeyRef, SourceAuth

FILES = ("identity", "known_hosts", "ca.crt")


class CredentialsError(WindlassError):
    """A Secret is missing, or holds nothing that can be used; it may be there the next time. `reason` is a word."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Credentials:
    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder

    def auth(self, owner: str, namespace: str, git: str, written: SourceAuth | None) -> Auth | None:
        """`owner` is the qualified name of whom it is for. Raises CredentialsError."""
        if written is None:
            self.forget(owner)
            return None
        name = written.secret_ref.name
        values = self._values(namespace, name)
        files = {one: self._file(owner, one, values[one]) for one in FILES if one in values}
        self._keep_only(owner, set(files.values()))
        token, password = _text(values, "bearerToken", name), _text(values, "password", name)
        username = _text(values, "username", name)
        if not (token or password or "identity" in files or "ca.crt" in files):
            told = "username and password, bearerToken, identity and known_hosts, or ca.crt"
            raise CredentialsError(f"Secret {name} has none of: {told}", "SecretInvalid")
        return Auth(
            prefix=git,
            username=username if password else None,
            password=password,
            token=token if not password else None,
            ssh_key=files.get("identity"),
            known_hosts=files.get("known_hosts"),
            ca_file=files.get("ca.crt"),
        )

    def value(self, namespace: str, reference: SecretKeyRef) -> bytes:
        """Raises CredentialsError."""
        found = self._values(namespace, reference.name).get(reference.key)
        if not found:
            raise CredentialsError(f"Secret {reference.name} has no key {reference.key}", "SecretInvalid")
        return found

    def age_keys(self, namespace: str, references: Sequence[SecretKeyRef]) -> tuple[AgeKey, ...]:
        """Raises CredentialsError."""
        keys: list[AgeKey] = []
        for reference in references:
            place = f"Secret {reference.name}, {reference.key}"
            try:
                found = read_keys(self.value(namespace, reference).decode(), place)
            except (SecretError, UnicodeDecodeError) as error:
                raise CredentialsError(f"{place} holds no age key", "SecretInvalid") from error
            keys += found
        return tuple(keys)

    def forget(self, owner: str) -> None:
        shutil.rmtree(self._folder / owner, ignore_errors=True)

    def _values(self, namespace: str, name: str) -> dict[str, bytes]:
        found = self._cluster.secret(namespace, name)
        if found is None:
            raise CredentialsError(f"there is no Secret {name} in namespace {namespace}", "SecretNotFound")
        try:
            return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
        except (binascii.Error, TypeError) as error:
            raise CredentialsError(f"Secret {name} cannot be read", "SecretInvalid") from error

    def _file(self, owner: str, name: str, content: bytes) -> Path:
        folder = self._folder / owner
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
        if not path.exists():
            partial = folder / f".{path.name}"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            partial.rename(path)
        return path

    def _keep_only(self, owner: str, files: set[Path]) -> None:
        folder = self._folder / owner
        for path in folder.iterdir() if folder.is_dir() else ():
            if path not in files:
                path.unlink(missing_ok=True)


def _text(values: Mapping[str, Any], key: str, secret: str) -> str | None:
    if key not in values:
        return None
    try:
        return str(values[key].decode().rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise CredentialsError(f"Secret {secret}: {key} is no text", "SecretInvalid") from error
