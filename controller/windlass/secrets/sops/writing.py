"""Values → an encrypted SOPS file, that sops opens and edits like one of its own.

In: a plain document as its format reads it, a Rule. Out: the file. Every value gets an iv of its own and is bound to
its place; the MAC is over all of them. The data key is made here, encrypted for each recipient (or split over key
groups), and forgotten. Comments of the plain file are left out: the caller says so.
"""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from windlass.secrets.sops.age import locked
from windlass.secrets.sops.metadata import encrypts
from windlass.secrets.sops.opening import KEY_BYTES, ONLY_ENCRYPTED
from windlass.secrets.sops.scalars import to_bytes
from windlass.secrets.sops.shamir import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.secrets.sops.creation import Rule
    from windlass.secrets.sops.scalars import Scalar

VERSION = "3.13.2"  # of the format: that of the sops it is tested with
_IV_BYTES = 32
_TAG_BYTES = 16


def encrypted_tree(document: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """The document encrypted, and `sops` behind it. Raises UsageError for a recipient that is none."""
    key = os.urandom(KEY_BYTES)
    writing = _Writing(key, rule)
    tree: dict[str, Any] = writing.tree(document, ())
    return {**tree, "sops": {**_recipients(key, rule), **writing.sealed()}}


def _recipients(key: bytes, rule: Rule) -> dict[str, Any]:
    if len(rule.groups) == 1:
        return {"age": _group(key, rule.groups[0])}
    shares = split(key, len(rule.groups), rule.threshold)
    groups = [{"age": _group(share, group)} for share, group in zip(shares, rule.groups, strict=True)]
    return {"shamir_threshold": rule.threshold, "key_groups": groups}


def _group(part: bytes, recipients: Sequence[str]) -> list[dict[str, str]]:
    return [{"recipient": one, "enc": locked(part, one)} for one in recipients]


class _Writing:
    """One walk over a document, in its order, hashing as it goes."""

    def __init__(self, key: bytes, rule: Rule) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)
        self._rule = rule
        self._hash = hashlib.sha512(ONLY_ENCRYPTED if rule.mac_only_encrypted else b"")

    def tree(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {key: self.tree(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.tree(one, path) for one in value]
        return None if value is None else self._leaf(value, path)

    def _leaf(self, value: Scalar, path: tuple[str, ...]) -> Scalar:
        encrypted = encrypts(self._rule.rule, self._rule.pattern, path)
        if encrypted or not self._rule.mac_only_encrypted:
            self._hash.update(to_bytes(value))
        if not encrypted or value == "":
            return value
        return self._value(value, f"{':'.join(path)}:")

    def sealed(self) -> dict[str, Any]:
        """What stands behind the recipients: when, the MAC bound to that, and the rule."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        mac = self._value(self._hash.hexdigest().upper(), now)
        only = {"mac_only_encrypted": True} if self._rule.mac_only_encrypted else {}
        return {"lastmodified": now, "mac": mac, self._rule.rule: self._rule.pattern, **only, "version": VERSION}

    def _value(self, value: Scalar, bound: str) -> str:
        iv = os.urandom(_IV_BYTES)
        sealed = self._cipher.encrypt(iv, to_bytes(value), bound.encode())
        data, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        parts = ",".join(f"{name}:{_text(part)}" for name, part in (("data", data), ("iv", iv), ("tag", tag)))
        return f"ENC[AES256_GCM,{parts},type:{_KINDS[type(value)]}]"


_KINDS: dict[type, str] = {str: "str", int: "int", float: "float", bool: "bool"}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
