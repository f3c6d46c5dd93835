"""References to Vault, against a real OpenBao: both versions of its engine, every login, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from tests.canary import secret
from tests.secrets.stores.conftest import READ_ALL
from tests.secrets.stores.local_server import local_server

from windlass.secrets import vault_login
from windlass.secrets.asking import Asking
from windlass.secrets.opened import OpenStore
from windlass.secrets.vault_login import Login

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.openbao import OpenBao
    from tests.secrets.stores.conftest import Asked, Stores

    Vault = Callable[..., Asked]

VALUE = secret("vault")


@pytest.fixture(scope="module", autouse=True)
def written(bao: OpenBao) -> None:
    data = {"password": VALUE, "port": 5432, "db": {"hosts": ["first", "second"]}, "ä/b": "slashed"}
    bao.write("kv/ci", data)
    bao.write("secret/data/ci", {"data": {"password": "the-old-one"}})
    bao.write("secret/data/ci", {"data": data})
    bao.write("secret/data/encoded", {"data": {"pem": base64.b64encode(b"-----BEGIN").decode(), "raw": "/w=="}})
    bao.write("secret/data/gone", {"data": {"a": VALUE}})
    bao.ask("DELETE", "secret/data/gone")
    bao.write("secret/data/other", {"data": {"a": VALUE}})


@pytest.mark.parametrize("path", ["kv/ci", "secret/ci", "secret/data/ci"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("/password", VALUE), ("/port", "5432"), ("/db/hosts/1", "second"), ("/%C3%A4~1b", "slashed")],
)
def test_an_entry_of_both_versions(vault: Vault, path: str, key: str, value: str) -> None:
    assert vault().value(f"ref+vault://{path}#{key}") == value


def test_what_stands_in_the_reference_beside_its_path(vault: Vault) -> None:
    assert vault().value("ref+vault://secret/ci?version=1#/password") == "the-old-one"
    assert vault().value("ref+vault://secret/encoded?decode=base64#/pem") == "-----BEGIN"
    assert vault(backend="openbao").value("ref+openbao://secret/ci#/password") == VALUE


@pytest.mark.parametrize(
    ("reference", "cause"),
    [
        ("secret/none#/a", "secret-not-found"),
        ("secret/gone#/a", "secret-not-found"),
        ("secret/ci#/none", "secret-not-found"),
        ("secret/ci?version=9#/password", "secret-not-found"),
        ("kv/none#/a", "secret-not-found"),
        ("nowhere/ci#/a", "secret-denied"),  # Vault does not tell what is missing from what is forbidden
        ("sys/mounts#/a", "secret-denied"),
        ("auth/token/lookup-self#/id", "secret-denied"),
        ("cubbyhole/a#/b", "secret-denied"),
        ("secret/ci", "secret-failed"),
        ("secret/ci#/db", "secret-failed"),
        ("secret/ci?version=x#/password", "secret-failed"),
        ("secret/encoded?decode=base64#/raw", "secret-failed"),
        ("secret/ci?decode=base64#/password", "secret-failed"),
        ("secret/ci?decode=rot13#/password", "secret-failed"),
        ("secret/ci?wrap_ttl=60#/password", "secret-denied"),
        ("secret/../sys/mounts#/a", "secret-denied"),
        ("secret/%2e%2e/sys/mounts#/a", "secret-denied"),
        ("secret//ci#/password", "secret-denied"),
    ],
)
def test_what_there_is_not(vault: Vault, reference: str, cause: str) -> None:
    found, message = vault().refusal(f"ref+vault://{reference}")
    assert (found, VALUE in message) == (cause, False), message


@pytest.mark.parametrize(
    "parameter",
    [
        "address=https://evil.example.com:8200", "token_env=HOME", "token_file=/etc/passwd", "namespace=other",
        "auth_method=approle", "role_id=admin", "secret_id=x", "proto=http", "host=169.254.169.254", "username=root",
        "password_env=HOME", "password_file=/etc/passwd",
    ],
)  # fmt: skip
def test_a_reference_chooses_neither_the_address_nor_who_asks(vault: Vault, parameter: str) -> None:
    assert vault().cause(f"ref+vault://secret/ci?{parameter}#/password") == "secret-denied"


def test_the_stores_own_address_may_be_repeated(vault: Vault, bao: OpenBao) -> None:
    assert vault().value(f"ref+vault://secret/ci?address={bao.url}#/password") == VALUE


def test_a_token_that_may_not(vault: Vault, bao: OpenBao) -> None:
    little = bao.token('path "secret/data/ci" { capabilities = ["read"] }')
    assert vault(token=little).value("ref+vault://secret/ci#/password") == VALUE
    for reference in ("ref+vault://secret/other#/a", "ref+vault://kv/ci#/password"):
        assert vault(token=little).cause(reference) == "secret-denied"
    found, message = vault(token="s.none-of-theirs").refusal("ref+vault://secret/ci#/password")
    assert (found, "s.none-of-theirs" in message) == ("secret-denied", False)


def test_a_replaced_token_counts_at_once(vault: Vault, bao: OpenBao) -> None:
    old, new = bao.token(READ_ALL), bao.token(READ_ALL)
    asked = vault(token=old)
    assert asked.value("ref+vault://secret/ci#/password") == VALUE
    bao.write("auth/token/revoke", {"token": old})
    assert asked.cause("ref+vault://secret/ci#/password") == "secret-denied"
    source = asked.store.credentials["token"].file
    assert source is not None
    source.write_text(new)
    assert asked.value("ref+vault://secret/ci#/password") == VALUE


def approle(bao: OpenBao, **options: str) -> tuple[str, str]:
    """(role id, secret id) of a role that may read everything."""
    if "approle/" not in bao.ask("GET", "sys/auth")["data"]:
        bao.write("sys/auth/approle", {"type": "approle"})
    bao.write("sys/policies/acl/reader", {"policy": READ_ALL})
    bao.write("auth/approle/role/ci", {"token_policies": ["reader"], **options})
    role = bao.ask("GET", "auth/approle/role/ci/role-id")["data"]["role_id"]
    return role, bao.write("auth/approle/role/ci/secret-id")["data"]["secret_id"]


def test_an_approle_logs_in_once(vault: Vault, bao: OpenBao) -> None:
    role, secret = approle(bao, secret_id_num_uses="1")
    asked = vault({"roleId": role}, secretId=secret)
    for key in ("password", "port"):  # its secret counts for one login alone
        asked.value(f"ref+vault://secret/ci#/{key}")
    found, message = vault({"roleId": role}, secretId=secret).refusal("ref+vault://secret/ci#/port")
    assert (found, secret in message) == ("secret-denied", False)


def test_a_login_that_was_revoked_is_made_again(vault: Vault, bao: OpenBao) -> None:
    role, secret = approle(bao, secret_id_num_uses="0")
    asked = vault({"roleId": role}, secretId=secret)
    assert asked.value("ref+vault://secret/ci#/password") == VALUE
    bao.write("sys/leases/revoke-prefix/auth/approle/login")
    assert asked.value("ref+vault://secret/ci#/port") == "5432"


def test_a_login_is_used_for_two_thirds_of_its_time(bao: OpenBao, stores: Stores) -> None:
    role, secret = approle(bao, secret_id_num_uses="0", token_ttl="60s")
    now = [0.0]
    store = OpenStore(stores.store("vault", bao.url, {"roleId": role}, secretId=secret))
    login = Login(store, Asking("team", bao.url, bao.ca), {}, clock=lambda: now[0])
    first = login.token()
    now[0] = 39.0
    assert login.token() == first
    now[0] = 41.0
    assert login.token() != first


def test_a_given_token_is_renewed_in_time(bao: OpenBao, stores: Stores) -> None:
    token = bao.token(READ_ALL, ttl="100s", renewable=True)
    now = [0.0]
    login = Login(
        OpenStore(stores.store("vault", bao.url, token=token)), Asking("team", bao.url, bao.ca), {}, lambda: now[0]
    )
    assert login.token() == token
    increments = [bao.ask("GET", "auth/token/lookup-self", token=token)["data"].get("last_renewal_time")]
    now[0] = 51.0
    assert login.token() == token
    increments.append(bao.ask("GET", "auth/token/lookup-self", token=token)["data"].get("last_renewal_time"))
    assert increments[0] is None
    assert increments[1] is not None


def test_the_identity_of_a_pod(bao: OpenBao, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenBao is real; the cluster that it asks about the pod's token is stood in for by its answer."""
    pod = {"namespace": "retail", "serviceaccount": {"name": "ci", "uid": "1"}}
    times = {"iat": 1, "nbf": 1, "exp": 4_000_000_000}
    claims = {"sub": "system:serviceaccount:retail:ci", "iss": "cluster", "kubernetes.io": pod, **times}
    jwt = f"{part({'alg': 'RS256'})}.{part(claims)}.c2ln"
    review = {"authenticated": True, "user": {"username": "system:serviceaccount:retail:ci", "uid": "1"}}
    answer = {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": review}
    with local_server(lambda request: (201, answer)) as cluster:
        bao.write("sys/auth/pods", {"type": "kubernetes"})
        bao.write("auth/pods/config", {"kubernetes_host": cluster.url, "kubernetes_ca_cert": bao.ca})
        bao.write("sys/policies/acl/reader", {"policy": READ_ALL})
        names = {"bound_service_account_names": "ci", "bound_service_account_namespaces": "retail"}
        bao.write("auth/pods/role/shop", {**names, "token_policies": ["reader"]})
        options = {"auth": "kubernetes", "authPath": "pods", "role": "shop"}
        assert vault(options, jwt=jwt).value("ref+vault://secret/ci#/password") == VALUE
        (tmp_path / "token").write_text(jwt)
        monkeypatch.setattr(vault_login, "POD_TOKEN", tmp_path / "token")
        assert vault(options, ca=bao.ca).value("ref+vault://secret/ci#/password") == VALUE
        assert jwt in str(cluster.requests[-1].body)
        assert vault({**options, "role": "other"}, jwt=jwt).cause("ref+vault://secret/ci#/a") == "secret-denied"


def part(claims: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def test_a_login_that_lacks_something(vault: Vault, bao: OpenBao) -> None:
    for options, word in (
        ({"auth": "approle"}, "roleId"),
        ({"auth": "kubernetes"}, "role"),
        ({"auth": "github"}, "auth"),
    ):
        cause, message = vault(options, ca=bao.ca).refusal("ref+vault://secret/ci#/a")
        assert (cause, word in message) == ("secret-failed", True), message


def test_a_namespace(vault: Vault, bao: OpenBao) -> None:
    bao.write("sys/namespaces/team-a")
    bao.write("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}}, namespace="team-a")
    bao.write("secret/data/ci", {"data": {"password": "of-team-a"}}, namespace="team-a")
    assert (
        vault({"namespace": "team-a"}, token="root-of-the-tests").value("ref+vault://secret/ci#/password")
        == "of-team-a"
    )


def test_a_certificate_that_is_not_trusted(bao: OpenBao, stores: Stores) -> None:
    asked = stores.asked(stores.store("vault", bao.url, token=bao.token(READ_ALL)))
    cause, message = asked.refusal("ref+vault://secret/ci#/password")
    assert (cause, "its certificate is not trusted" in message) == ("secret-failed", True)


def test_a_redirect_takes_the_token_nowhere(stores: Stores) -> None:
    with local_server(lambda request: (200, {})) as evil:
        with local_server(lambda request: (307, {}, {"Location": f"{evil.url}{request.path}"})) as server:
            cause, message = stores.asked(stores.store("vault", server.url, token="tttt")).refusal("ref+vault://a/b#/c")
        assert (cause, "redirect" in message, evil.requests) == ("secret-failed", True, [])


def test_a_server_that_is_sealed_wrong_or_not_there(stores: Stores) -> None:
    for answer in ((503, {"sealed": True}), (200, "no JSON {"), (500, {}), (200, ["a"]), (200, {"data": None})):
        with local_server(lambda request, answer=answer: answer) as server:
            asked = stores.asked(stores.store("vault", server.url, token="tttt"))
            assert asked.cause("ref+vault://secret/ci#/a") == "secret-failed"
    nobody = stores.asked(stores.store("vault", server.url, token="tttt"))
    assert "cannot be reached" in nobody.refusal("ref+vault://secret/ci#/a")[1]


def test_an_answer_without_end(stores: Stores) -> None:
    with local_server(lambda request: (200, "x" * (5 * 1024 * 1024))) as server:
        cause, message = stores.asked(stores.store("vault", server.url, token="tttt")).refusal("ref+vault://a/b#/c")
    assert (cause, "more than" in message) == ("secret-failed", True)


def test_a_server_that_does_not_answer(stores: Stores) -> None:
    with local_server(None) as server:
        asking = Asking("team", server.url, waiting=0.05)
        with pytest.raises(Exception, match=r"store team did not answer within 0\.05 seconds"):
            asking.ask("GET", "/v1/secret")
