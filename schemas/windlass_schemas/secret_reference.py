"""Secret references: `ref+BACKEND://PATH[?PARAMS]#/KEY` (language page, "Secret references").

In: a value under `secrets`. Out: the same text. A plain value is refused, and no message ever repeats a value:
it may be the secret itself.
"""

import re
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed

BACKENDS = ("sops", "vault", "openbao", "awssecrets", "awsssm", "gcpsecrets", "azurekeyvault", "k8s", "windlass")
REFERENCE_PATTERN = rf"^ref\+({'|'.join(BACKENDS)})://\S+$"

_SERVER = "it would read what belongs to the server"
_CIPHERTEXT = "use a SOPS file that is encrypted for that key"
_LACKING = "there is no provider for it; a SOPS file holds any secret"
_ANYWHERE = "it would make the server ask an address that the repository chooses"
# Backends of vals that are known, and never served: a reference is written by a tenant.
REFUSED = {
    "exec": "it would run a command on the server",
    "file": _SERVER,
    "envsubst": _SERVER,
    "tfstate": _SERVER,
    "kubeconfig": _SERVER,
    "keychain": _SERVER,
    "bw": "it would ask a program on the server",
    "awskms": _CIPHERTEXT,
    "gkms": _CIPHERTEXT,
    "echo": "its value would stand in the file, for everybody who reads the repository",
    **dict.fromkeys(("http", "https", "httpjson", "s3", "gcs", "gitlab", "googlesheets"), _ANYWHERE),
    **dict.fromkeys((f"tfstate{kind}" for kind in ("gs", "s3", "azurerm", "remote", "gitlab")), _ANYWHERE),
    **dict.fromkeys(("op", "onepasswordconnect", "doppler", "conjur", "hcpvaultsecrets", "infisical"), _LACKING),
    **dict.fromkeys(("oci", "pulumistateapi", "yclockbox", "scw", "tss", "servercore"), _LACKING),
}


def read_reference(value: Any) -> str:
    """A reference as text. Raises `plain-secret` or `secret-backend`, without the value."""
    if not isinstance(value, str) or not value.startswith("ref+"):
        raise PydanticCustomError(
            "plain-secret", "secrets hold references such as ref+sops://secrets/production.yaml#/db/password"
        )
    named = value.removeprefix("ref+").partition("://")[0]
    if named in REFUSED:
        raise PydanticCustomError(
            "secret-backend", "ref+{name} is refused: {why}", {"name": named, "why": REFUSED[named]}
        )
    if not re.fullmatch(REFERENCE_PATTERN, value):
        raise PydanticCustomError(
            "secret-backend",
            "a reference is ref+BACKEND://PATH#/KEY, with one of the backends {backends}",
            {"backends": ", ".join(BACKENDS)},
        )
    return value


SecretReference = Annotated[str, Parsed(read_reference, {"type": "string", "pattern": REFERENCE_PATTERN})]
