"""`ref+awsssm://PATH[#/KEY]`: a parameter of AWS Systems Manager, decrypted.

In: the store (region, credentials), a reference. Out: the value. `#/KEY` goes on with the path (`team#/password` is the
parameter `/team/password`), and with `?mode=singleparam` it is an entry of a parameter that is JSON or YAML;
`?version=N`: as in vals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.secrets.aws import AwsClients
from windlass.secrets.entry import entry_of_text

if TYPE_CHECKING:
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

PARAMS = ("mode", "version", "recursive")


class AwsSsmProvider:
    def __init__(self, store: OpenStore) -> None:
        self._clients = AwsClients(store, "ssm")

    def value(self, reference: Reference, origin: Origin) -> str:
        _check(reference)
        single = reference.params.get("mode") == "singleparam"
        parts = [reference.path.strip("/"), *(() if single else _plain(reference.keys))]
        name = "/" + "/".join(parts)
        version = reference.params.get("version")
        asked = name if version is None else f"{name}:{version}"
        answer = self._clients.call("get_parameter", name, Name=asked, WithDecryption=True)
        return entry_of_text(str(answer["Parameter"]["Value"]), reference.keys if single else (), name)


def _check(reference: Reference) -> None:
    unknown = sorted(set(reference.params) - set(PARAMS))
    if unknown:
        known = ", ".join(PARAMS)
        raise SecretError("secret-denied", f"SSM references have {known}, and no {', '.join(unknown)}")
    mode, version = reference.params.get("mode", "singleparam"), reference.params.get("version", "1")
    if mode != "singleparam" or not version.isdecimal():
        raise SecretError("secret-failed", f"{reference.path}: mode is singleparam, version is a number")


def _plain(keys: tuple[str, ...]) -> tuple[str, ...]:
    """They become part of a name, after it was decided which names may be read."""
    if any("/" in key or key in (".", "..") for key in keys):
        raise SecretError("secret-denied", "a key of an SSM reference is one part of a name")
    return keys
