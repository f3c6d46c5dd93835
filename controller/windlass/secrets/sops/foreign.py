"""SOPS files for other keys than age: only for those keys that the server gave to the repository.

In: what a file says of its keys, what the server file says that it may be encrypted for. Out: metadata with nothing in
it but the fields that are known, for exactly those keys; or SecretError `secret-denied`, which names the first other
one. A file that names a key, a role or an address is asking the server to go there with its credentials (S05), so this
is decided before anything is started. sops reads field names without regard to case: the file itself never reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.metadata import OTHER_KINDS, RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# What of an entry is handed on, beside `enc` and when it was made.
FIELDS = {
    "kms": ("arn", "role", "context"),
    "gcp_kms": ("resource_id",),
    "azure_kv": ("vault_url", "name", "version"),
    "hc_vault": ("vault_address", "engine_path", "key_name"),
    "pgp": ("fp",),
    "age": ("recipient",),
}
LOCAL = frozenset({"pgp", "age"})  # nobody is asked for these: other people's may stand beside ours
_OTHERS = ("enc", "created_at")
_PLAIN = ("lastmodified", "mac", "version", "mac_only_encrypted", "shamir_threshold", *RULES)


@dataclass(frozen=True, slots=True)
class FileKey:
    """One entry: how the server file names it, and what of it is handed on."""

    kind: str
    name: str
    entry: Mapping[str, Any]


def named_keys(written: Mapping[str, Any]) -> list[FileKey]:
    """Those of every group that are no age keys. Raises SecretError."""
    return [key for group in _groups(written) for key in _keys(group) if key.kind != "age"]


def allowed_metadata(written: Mapping[str, Any], recipients: Collection[str]) -> dict[str, Any]:
    """What sops is given instead of the file's own. Raises SecretError."""
    known = {_spelled(one) for one in recipients}
    for key in named_keys(written):
        if key.kind not in LOCAL and _spelled(key.name) not in known:
            message = f"it names {_told(key)}, which the server does not give to this repository"
            raise SecretError("secret-denied", message)
    groups = [_allowed(group, known) for group in _groups(written)]
    keys = groups[0] if len(groups) == 1 else {"key_groups": groups}
    return {name: written[name] for name in _PLAIN if _is_plain(written.get(name))} | keys


def _allowed(group: Mapping[str, Any], known: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for key in _keys(group):
        if key.kind == "age" or _spelled(key.name) in known:
            found.setdefault(key.kind, []).append(key.entry)
    return found


def _groups(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    groups = written.get("key_groups") or [written]
    if not isinstance(groups, list) or not all(isinstance(one, dict) for one in groups):
        raise SecretError("secret-failed", "its key groups are malformed")
    return groups


def _keys(group: Mapping[str, Any]) -> Iterator[FileKey]:
    for kind in (*OTHER_KINDS, "age"):
        for entry in group.get(kind) or ():
            if not isinstance(entry, dict):
                raise SecretError("secret-failed", "its keys are malformed")
            yield _key(kind, entry)


def _key(kind: str, entry: dict[str, Any]) -> FileKey:
    if kind not in FIELDS:
        title, field = OTHER_KINDS[kind]
        raise SecretError("secret-denied", f"it names {title} {entry.get(field, '')}, which is not supported")
    if entry.get("aws_profile"):
        message = f"it names the profile {entry['aws_profile']}: the server chooses as whom it asks"
        raise SecretError("secret-denied", message)
    kept = {name: entry[name] for name in (*FIELDS[kind], *_OTHERS) if entry.get(name)}
    if not all(_is_plain(value) or name == "context" for name, value in kept.items()):
        raise SecretError("secret-failed", "its keys are malformed")
    return FileKey(kind, _name(kind, kept), kept)


def _name(kind: str, entry: Mapping[str, Any]) -> str:
    """As sops writes it in `.sops.yaml`."""
    parts = [str(entry.get(name, "")) for name in FIELDS[kind] if name != "context"]
    if kind == "kms":
        return "+".join(part for part in parts if part)
    if kind == "hc_vault":
        address, engine, key = parts
        return f"{address.rstrip('/')}/v1/{engine.strip('/')}/keys/{key}"
    if kind == "azure_kv":
        address, key, version = parts
        return f"{address.rstrip('/')}/keys/{key}/{version}".rstrip("/")
    return parts[0]


def _spelled(name: str) -> str:
    """Fingerprints stand with spaces or without, in either case."""
    plain = name.replace(" ", "")
    return plain.upper() if len(plain) == 40 and all(char in "0123456789abcdefABCDEF" for char in plain) else plain


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def _told(key: FileKey) -> str:
    return f"{OTHER_KINDS[key.kind][0]} {key.name}"
