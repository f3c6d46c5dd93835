"""Every backend that vals has is either served or refused with a reason of its own."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from windlass_schemas.secret_reference import BACKENDS, REFUSED, read_reference

# Those of vals 0.46.0 (vals.go).
OF_VALS = """
vault openbao s3 gcs gitlab awsssm awskms awssecrets sops echo exec file gcpsecrets googlesheets tfstate tfstategs
tfstates3 tfstateazurerm tfstateremote tfstategitlab azurekeyvault envsubst keychain oci op onepasswordconnect doppler
pulumistateapi gkms k8s conjur hcpvaultsecrets httpjson bw yclockbox scw tss infisical servercore
""".split()  # noqa: SIM905 - forty of them read better so


@pytest.mark.parametrize("backend", OF_VALS)
def test_a_backend_of_vals(backend: str) -> None:
    reference = f"ref+{backend}://hunter22/a#/b"
    if backend in BACKENDS:
        assert read_reference(reference) == reference
        return
    with pytest.raises(PydanticCustomError) as error:
        read_reference(reference)
    assert error.value.type == "secret-backend"
    assert REFUSED[backend] in error.value.message()
    assert "hunter22" not in error.value.message()


def test_none_is_both() -> None:
    assert not set(BACKENDS) & set(REFUSED)
