"""`ref+awssecrets://NAME[#/KEY]`: a secret of AWS Secrets Manager, or an entry of one that is JSON or YAML.

In: the store (region, credentials), a reference; NAME may be an ARN. Out: the value. `?version_stage=` and
`?version_id=` as in vals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.secrets.aws import AwsClients
from windlass.secrets.entry import entry_of_text, text_of

if TYPE_CHECKING:
    from windlass.secrets.base import Origin, Reference
    from windlass.secrets.opened import OpenStore

PARAMS = {"version_stage": "VersionStage", "version_id": "VersionId"}


class AwsSecretsProvider:
    def __init__(self, store: OpenStore) -> None:
        self._clients = AwsClients(store, "secretsmanager")

    def value(self, reference: Reference, origin: Origin) -> str:
        unknown = sorted(set(reference.params) - set(PARAMS))
        if unknown:
            known = ", ".join(PARAMS)
            raise SecretError("secret-denied", f"Secrets Manager references have {known}, and no {', '.join(unknown)}")
        path = reference.path
        version = {PARAMS[name]: value for name, value in reference.params.items()}
        answer = self._clients.call("get_secret_value", path, SecretId=path, **version)
        text = answer.get("SecretString")
        if text is None:
            text = text_of(answer.get("SecretBinary", b""), path)
        return entry_of_text(text, reference.keys, path)
