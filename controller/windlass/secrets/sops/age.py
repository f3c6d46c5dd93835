"""age keys: read from the texts that hold them, and used to open what was encrypted for them.

In: the text of a key file (native keys and comments; or one ssh private key), an armored age file. Out: identities; the
bytes inside. This is the only place that imports pyrage (the age library of Rust, rage), and only when there is
something to open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SSH = "-----BEGIN "
_NATIVE = "AGE-SECRET-KEY-1"
_POST_QUANTUM = "AGE-SECRET-KEY-PQ-1"


@dataclass(frozen=True, slots=True)
class AgeKey:
    """An identity that can decrypt. `name` is what it is known by in public: its recipient, or where it is from."""

    name: str
    identity: Any = field(repr=False, compare=False)
    text: str = field(default="", repr=False, compare=False)  # of a native key: as sops takes it


def read_keys(text: str, place: str) -> list[AgeKey]:
    """Every key of a text; `place` says where it is from. Raises SecretError, which never repeats the text."""
    if text.lstrip().startswith(_SSH):
        return [_ssh_key(text, place)]
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words and not words.startswith("#"):
            found.append(_native_key(words, f"{place}, line {number}"))
    return found


def _native_key(words: str, place: str) -> AgeKey:
    import pyrage

    if words.startswith(_POST_QUANTUM):
        raise SecretError("secret-failed", f"{place}: post-quantum age keys are not supported: use a key of age-keygen")
    try:
        identity = pyrage.x25519.Identity.from_str(words)
    except pyrage.IdentityError:
        raise SecretError("secret-failed", f"{place}: this is no age key: {_NATIVE}…") from None
    return AgeKey(str(identity.to_public()), identity, words)


def _ssh_key(text: str, place: str) -> AgeKey:
    import pyrage

    try:
        identity = pyrage.ssh.Identity.from_buffer(text.strip().encode() + b"\n")
    except pyrage.IdentityError:
        message = f"{place}: this is no ssh key that age can use: ed25519 or RSA, without a passphrase"
        raise SecretError("secret-failed", message) from None
    return AgeKey(f"the ssh key of {place}", identity)


def locked(data: bytes, recipient: str) -> str:
    """Armored, for one recipient: an age key or an ssh public key. Raises UsageError."""
    import pyrage

    kinds = pyrage.ssh if recipient.startswith("ssh-") else pyrage.x25519
    try:
        return bytes(pyrage.encrypt(data, [kinds.Recipient.from_str(recipient)], armored=True)).decode()
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        shown = recipient if recipient.startswith(("age1", "ssh-")) else "what was given"  # it may be the key itself
        raise UsageError(f"{shown} is no age recipient: age1…, or an ssh public key") from error


def opened(encrypted: Iterable[str], keys: Sequence[AgeKey]) -> bytes | None:
    """The content of the first that one of the keys opens; None when they are all for other keys.

    Raises SecretError when one is damaged.
    """
    if not keys:
        return None
    import pyrage

    identities = [key.identity for key in keys]
    damaged = False
    for text in encrypted:
        try:
            return bytes(pyrage.decrypt(text.encode(), identities))
        except pyrage.DecryptError as error:
            damaged = damaged or "No matching keys" not in str(error)
    if damaged:
        raise SecretError("secret-failed", "its age part is damaged")
    return None
