"""`secrets` of the server file: keys of webhooks, stores, and who may read what; each mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.errors import ProblemsError, UsageError
from windlass.loading.server_file import read_server_file, repositories_of, stores_of, webhook_keys_of
from windlass.settings import SecretGrant, SecretSource, SecretStore

STORES = """
repositories:
  - {name: shop, git: "https://git.example.com/shop.git", tenant: retail}
secrets:
  WEBHOOK_KEY: {env: HOOK}
  stores:
    - name: team
      backend: vault
      address: https://vault.example.com:8200/
      options: {namespace: retail, auth: kubernetes, role: shop}
      credentials: {token: {file: /run/secrets/vault}}
      allow:
        - {tenants: [retail], environments: [production], paths: ["secret/data/{repository}", "kv/*"]}
    - name: keys
      backend: sops
      age: [{env: AGE}]
      allow: [{repositories: [shop], paths: ["*"]}]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "windlass-server.yaml"
    file.write_text(text)
    return file


def test_stores_keys_and_tenants(tmp_path: Path) -> None:
    model = read_server_file(written(tmp_path, STORES))
    assert webhook_keys_of(model) == {"WEBHOOK_KEY": SecretSource(env="HOOK")}
    assert stores_of(model) == (
        SecretStore(
            "team",
            "vault",
            "https://vault.example.com:8200",
            {"namespace": "retail", "auth": "kubernetes", "role": "shop"},
            {"token": SecretSource(file=Path("/run/secrets/vault"))},
            allow=(SecretGrant(("secret/data/{repository}", "kv/*"), ("retail",), (), ("production",)),),
        ),
        SecretStore("keys", "sops", age=(SecretSource(env="AGE"),), allow=(SecretGrant(("*",), (), ("shop",)),)),
    )
    assert repositories_of(model)[0].tenant == "retail"


ALLOW = "allow: [{tenants: [a], paths: [x]}]"


@pytest.mark.parametrize(
    ("store", "place", "message"),
    [
        (f"name: a, backend: exec, {ALLOW}", "4:26", "exec"),
        (f"name: a, backend: vault, {ALLOW}", "4:7", "needs address"),
        (f"name: a, backend: vault, address: http://vault.example.com, {ALLOW}", "4:42", "https://"),
        (f'name: a, backend: vault, address: "https://user:pass@vault.example.com", {ALLOW}', "4:42", "https://"),
        (f"name: a, backend: vault, address: https://127.0.0.1, credentials: {{tokn: {{env: A}}}}, {ALLOW}", "4:81",
         "token, secretId"),
        (f"name: a, backend: awssecrets, {ALLOW}", "4:7", "needs options: region"),
        (f"name: a, backend: sops, address: https://x.example.com, {ALLOW}", "4:41", "has no address"),
        (f"name: a, backend: k8s, age: [{{env: A}}], {ALLOW}", "4:36", "has no age"),
        ("name: a, backend: k8s", "4:7", "allow"),
        ("name: a, backend: k8s, allow: [{paths: [x]}]", "4:39", "say for whom"),
        ("name: a, backend: k8s, allow: [{tenants: [a], paths: [x/../y]}]", "4:62", "a path is a beginning"),
        ("name: a, backend: k8s, allow: [{tenants: [a], paths: []}]", "4:54", "must not be empty"),
        ("name: a, backend: k8s, allow: [{tenants: [a], paths: [x], path: y}]", "4:66", "path"),
    ],
)  # fmt: skip
def test_each_mistake_is_at_its_place(tmp_path: Path, store: str, place: str, message: str) -> None:
    with pytest.raises(ProblemsError) as error:
        read_server_file(written(tmp_path, f"\nsecrets:\n  stores:\n    - {{{store}}}\n"))
    assert f":{place}: " in str(error.value), str(error.value)
    assert message in str(error.value)


def test_two_stores_of_one_name(tmp_path: Path) -> None:
    twice = f"secrets:\n  stores:\n    - {{name: a, backend: k8s, {ALLOW}}}\n    - {{name: a, backend: k8s, {ALLOW}}}\n"
    with pytest.raises(UsageError, match="two secret stores have the same name"):
        read_server_file(written(tmp_path, twice))
