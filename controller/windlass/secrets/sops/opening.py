"""An encrypted SOPS file → its values, proven to be whole.

In: the bytes, their format, age keys. Out: the first document with every value in the clear. The MAC over all values is
checked always: a value that was swapped, added, removed or moved is refused. Raises SecretError: secret-denied when the
file is for other keys, secret-failed for everything that is wrong with it. No message holds a value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.age import opened
from windlass.secrets.sops.metadata import read_metadata
from windlass.secrets.sops.scalars import Scalar, to_bytes
from windlass.secrets.sops.shamir import combine
from windlass.secrets.sops.trees import read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.secrets.sops.age import AgeKey
    from windlass.secrets.sops.metadata import Metadata

_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]", re.DOTALL)
# sops.go, MACOnlyEncryptedInitialization: the SHA-256 of "sops"
ONLY_ENCRYPTED = hashlib.sha256(b"sops").digest()
KEY_BYTES = 32
# A comment inside a list stands there as an item (sops itself then stumbles over the MAC, in which no comment is).
_COMMENT: Any = object()


def open_file(data: bytes, format_: str, keys: Sequence[AgeKey]) -> dict[str, Any]:
    """Values as sops has them: texts, numbers, booleans, null, in dicts and lists."""
    documents, written = read_tree(data, format_)
    metadata = read_metadata(written)
    opening = _Opening(_data_key(metadata, keys), metadata)
    found = [opening.tree(document, ()) for document in documents]
    opening.check()
    return found[0] if found else {}


def _data_key(metadata: Metadata, keys: Sequence[AgeKey]) -> bytes:
    parts = [part for group in metadata.groups if (part := opened((e for _, e in group.age), keys)) is not None]
    if len(parts) < metadata.threshold:
        raise SecretError("secret-denied", _denied(metadata, keys, len(parts)))
    if len(metadata.groups) == 1:
        key = parts[0]
    else:
        try:
            key = combine(parts[: metadata.threshold]) if metadata.threshold > 1 else parts[0]
        except ValueError as error:
            raise SecretError("secret-failed", str(error)) from None
    if len(key) != KEY_BYTES:
        raise SecretError("secret-failed", "its data key is damaged")
    return key


def _denied(metadata: Metadata, keys: Sequence[AgeKey], parts: int) -> str:
    recipients = [name for group in metadata.groups for name in (*(r for r, _ in group.age), *group.others)]
    told = f"it is encrypted for {', '.join(recipients) or 'nobody'}"
    if parts:
        told += f", and {metadata.threshold} of its {len(metadata.groups)} key groups are needed"
    if not any(group.age for group in metadata.groups):
        told += ": no such key is given to this repository"
    if not keys:
        return f"{told}; no age key was given"
    return f"{told}; given {'is' if len(keys) == 1 else 'are'} {', '.join(key.name for key in keys)}"


class _Opening:
    """One walk over a file, in its order, hashing as it goes."""

    def __init__(self, key: bytes, metadata: Metadata) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)
        self._metadata = metadata
        self._hash = hashlib.sha512(ONLY_ENCRYPTED if metadata.mac_only_encrypted else b"")

    def tree(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            items = ((key, self.tree(one, (*path, key))) for key, one in value.items())
            return {key: one for key, one in items if one is not _COMMENT}
        if isinstance(value, list):
            return [one for one in (self.tree(one, path) for one in value) if one is not _COMMENT]
        return None if value is None else self._leaf(value, path)

    def _leaf(self, value: Scalar, path: tuple[str, ...]) -> Any:
        encrypted = self._metadata.encrypts(path)
        if encrypted:
            if not isinstance(value, str):
                raise SecretError("secret-failed", f"its value at {_shown(path)} is not encrypted")
            value = self._value(value, f"{':'.join(path)}:", f"its value at {_shown(path)}")
        if value is _COMMENT:
            return value
        if encrypted or not self._metadata.mac_only_encrypted:
            self._hash.update(to_bytes(value))
        return value

    def check(self) -> None:
        """Raises SecretError when anything was changed since sops wrote the file."""
        mac = self._value(self._metadata.mac, self._metadata.modified, "its MAC")
        if not hmac.compare_digest(str(mac).encode(), self._hash.hexdigest().upper().encode()):
            raise SecretError("secret-failed", "its MAC does not match: it was changed without sops")

    def _value(self, text: str, bound: str, what: str) -> Any:
        from cryptography.exceptions import InvalidTag

        if text == "" and what != "its MAC":
            return ""
        found = _ENCRYPTED.match(text)
        if found is None:
            raise SecretError("secret-failed", f"{what} is not encrypted")
        data, iv, tag, kind = found.groups()
        try:
            sealed = base64.b64decode(data, validate=True) + base64.b64decode(tag, validate=True)
            plain = self._cipher.decrypt(base64.b64decode(iv, validate=True), sealed, bound.encode())
            return _typed(plain.decode("utf-8", "surrogateescape"), kind)
        except (InvalidTag, binascii.Error, ValueError):
            raise SecretError("secret-failed", f"{what} is damaged, or stood elsewhere before") from None


def _typed(text: str, kind: str) -> Any:
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "bool":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else bool(int(text))
    if kind == "comment":
        return _COMMENT
    if kind in ("str", "bytes", "time"):
        return text
    raise ValueError(kind)


def _shown(path: Sequence[str]) -> str:
    return "/" + "/".join(path)
