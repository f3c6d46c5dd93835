"""What a SOPS file says of itself: whom it is for, what of it is encrypted, its MAC.

In: the mapping below `sops`. Out: `Metadata` with the data key's groups. A file names its own keys, so nothing here is
acted upon but age recipients: keys of KMS, PGP, Vault and the like are only told of, and never asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The other kinds of keys, by what sops calls them, and which of their fields tells one from another.
OTHER_KINDS = {
    "kms": ("AWS KMS", "arn"),
    "gcp_kms": ("GCP KMS", "resource_id"),
    "hckms": ("Huawei KMS", "key_id"),
    "azure_kv": ("Azure Key Vault", "vault_url"),
    "hc_vault": ("Vault", "vault_address"),
    "pgp": ("PGP", "fp"),
}
RULES = ("unencrypted_suffix", "encrypted_suffix", "unencrypted_regex", "encrypted_regex")
COMMENT_RULES = ("unencrypted_comment_regex", "encrypted_comment_regex")
DEFAULT_SUFFIX = "_unencrypted"
_LONGEST_PATTERN = 1000
_LONGEST_NAME = 1000  # no expression is tried on longer ones


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Any one key of a group opens its part of the data key."""

    age: tuple[tuple[str, str], ...]  # (recipient, armored part)
    others: tuple[str, ...]  # as told to people


@dataclass(frozen=True, slots=True)
class Metadata:
    groups: tuple[KeyGroup, ...]
    threshold: int  # how many groups are needed
    mac: str
    modified: str
    mac_only_encrypted: bool
    rule: str
    pattern: str

    def encrypts(self, path: Sequence[str]) -> bool:
        return encrypts(self.rule, self.pattern, path)


def encrypts(rule: str, pattern: str, path: Sequence[str]) -> bool:
    """Whether the value at a path is encrypted, by its keys (sops.go, shouldBeEncrypted)."""
    if rule.endswith("_suffix"):
        hit = any(part.endswith(pattern) for part in path)
    else:
        hit = any(len(part) <= _LONGEST_NAME and re.search(pattern, part) is not None for part in path)
    return hit if rule.startswith("encrypted") else not hit


def read_metadata(written: Mapping[str, Any]) -> Metadata:
    """Raises SecretError."""
    groups = written.get("key_groups")
    found = tuple(_group(one) for one in groups) if isinstance(groups, list) and groups else (_group(written),)
    if any(written.get(name) for name in COMMENT_RULES):
        raise SecretError("secret-failed", "it chooses by comments what is encrypted: use encrypted_regex")
    rules = [name for name in RULES if written.get(name)]
    if len(rules) > 1:
        raise SecretError("secret-failed", f"it has several rules for what is encrypted: {', '.join(rules)}")
    rule = rules[0] if rules else "unencrypted_suffix"
    return Metadata(
        groups=found,
        threshold=_threshold(written.get("shamir_threshold"), len(found)),
        mac=str(written.get("mac", "")),
        modified=str(written.get("lastmodified", "")),
        mac_only_encrypted=str(written.get("mac_only_encrypted", "")).lower() == "true",
        rule=rule,
        pattern=_pattern(rule, str(written[rule])) if rules else DEFAULT_SUFFIX,
    )


def _threshold(written: Any, groups: int) -> int:
    try:
        threshold = int(written or 0) or groups
    except (TypeError, ValueError):
        raise SecretError("secret-failed", "its shamir_threshold is no number") from None
    return min(max(threshold, 1), groups)


def _pattern(rule: str, text: str) -> str:
    """Go's regular expressions are linear in time and Python's are not: what could take long is refused."""
    if rule.endswith("_suffix"):
        return text
    nested = re.search(r"\)[*+{]|\\[1-9]|\(\?[=!<]", text)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        nested = nested or re.search("", text)
    if nested or len(text) > _LONGEST_PATTERN:
        raise SecretError("secret-failed", f"its {rule} is too complicated: write it without repeated groups")
    return text


def _group(written: Any) -> KeyGroup:
    if not isinstance(written, dict):
        raise SecretError("secret-failed", "its key groups are malformed")
    age = [one for one in written.get("age") or () if isinstance(one, dict)]
    others = [
        f"{title} {one.get(field, '')}".strip()
        for kind, (title, field) in OTHER_KINDS.items()
        for one in written.get(kind) or ()
        if isinstance(one, dict)
    ]
    return KeyGroup(tuple((str(one.get("recipient", "")), str(one.get("enc", ""))) for one in age), tuple(others))
