"""The stores of a laptop: where the user's own tools find them, and nowhere that a reference says."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.cli.user_stores import not_set_up, user_stores
from windlass.errors import SecretError
from windlass.secrets.base import Origin
from windlass.secrets.registry import make_resolver
from windlass.settings import SecretSource

HERE = Origin("shop", None)


def test_what_the_environment_sets_up(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text("current-context: dev\ncontexts: [{name: dev, context: {namespace: retail, cluster: c}}]\n")
    environment = {
        "HOME": str(tmp_path), "VAULT_ADDR": "https://vault.example.com", "VAULT_NAMESPACE": "team",
        "VAULT_CACERT": "/ca",
        "BAO_ADDR": "https://bao.example.com", "BAO_TOKEN": "s.x", "AWS_REGION": "eu-central-1",
        "AZURE_KEYVAULT_URL": "https://shop.vault.azure.net/", "KUBECONFIG": f"{config}:/other",
    }  # fmt: skip
    found = {store.backend: store for store in user_stores("shop", environment)}
    assert set(found) == {"vault", "openbao", "awssecrets", "awsssm", "gcpsecrets", "azurekeyvault", "k8s"}
    vault = found["vault"]
    assert (vault.address, vault.options) == ("https://vault.example.com", {"namespace": "team"})
    token, ca = SecretSource(file=tmp_path / ".vault-token"), SecretSource(file=Path("/ca"))
    assert vault.credentials == {"token": token, "ca": ca}
    assert found["openbao"].credentials == {"token": SecretSource(env="BAO_TOKEN")}
    assert found["awsssm"].options == {"region": "eu-central-1"}
    assert found["azurekeyvault"].address == "https://shop.vault.azure.net"
    assert found["k8s"].options == {"namespace": "retail", "context": "dev"}


@pytest.mark.parametrize("config", ["", "a: [", "- x", "current-context: a", "current-context: a\ncontexts: x"])
def test_a_kubeconfig_that_says_nothing(tmp_path: Path, config: str) -> None:
    (tmp_path / "config").write_text(config)
    assert [store.backend for store in user_stores("shop", {"KUBECONFIG": str(tmp_path / "config")})] == ["gcpsecrets"]


def test_what_is_not_set_up_is_told() -> None:
    stores = user_stores("shop", {})
    resolver = make_resolver(not_set_up(stores), stores)
    with pytest.raises(SecretError, match="VAULT_ADDR says where") as error:
        resolver.values({"secrets.A.0": "ref+vault://secret/ci?address=https://evil.example.com#/a"}, HERE)
    assert error.value.cause == "secret-denied"


def test_a_reference_does_not_choose_the_address() -> None:
    stores = user_stores("shop", {"VAULT_ADDR": "https://vault.example.com", "VAULT_TOKEN": "s.x"})
    resolver = make_resolver(not_set_up(stores), stores)
    with pytest.raises(SecretError, match="not for a reference to choose") as error:
        resolver.values({"secrets.A.0": "ref+vault://secret/ci?address=https://evil.example.com#/a"}, HERE)
    assert error.value.cause == "secret-denied"
