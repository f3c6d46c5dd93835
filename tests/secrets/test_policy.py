"""Who may use which reference: decided from the server file, refused with the reason, whatever the reference says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windlass.errors import SecretError
from windlass.secrets.base import Origin
from windlass.secrets.policy import chosen, plain_path
from windlass.secrets.reference import parse_reference
from windlass.settings import SecretGrant, SecretStore

VAULT = "https://vault.example.com"
SHOP = Origin("shop", "c" * 40, tenant="retail")
STORE = SecretStore(
    "team",
    "vault",
    VAULT,
    options={"namespace": "retail"},
    allow=(
        SecretGrant(("secret/data/{repository}", "secret/data/shared/*", "kv/{tenant}"), tenants=("retail",)),
        SecretGrant(("secret/data/production",), repositories=("shop",), environments=("production",)),
    ),
)


def store_of(text: str, origin: Origin = SHOP, *stores: SecretStore) -> str:
    return chosen(stores or (STORE,), parse_reference(text), origin)[0].name


def refused(text: str, origin: Origin = SHOP, *stores: SecretStore) -> str:
    with pytest.raises(SecretError) as error:
        store_of(text, origin, *stores)
    assert error.value.cause == "secret-denied"
    return str(error.value)


@pytest.mark.parametrize(
    "path", ["secret/data/shop", "secret/data/shop/db", "/secret/data/shop/db", "secret/data/shared/x", "kv/retail/a"]
)
def test_paths_that_were_given(path: str) -> None:
    assert store_of(f"ref+vault://{path}#/key") == "team"


@pytest.mark.parametrize(
    "path", ["secret/data/shop2", "secret/data/sho", "secret/data", "secret/data/shared", "kv/other/a", "sys/auth"]
)
def test_other_paths_are_refused(path: str) -> None:
    assert refused(f"ref+vault://{path}#/key") == f"the server gives repository shop other paths than {path}"


@pytest.mark.parametrize(
    "path",
    ["secret/data/shop/../other", "secret/data/shop/%2e%2e/other", "secret/data/shop//x", "secret/data/shop/./x", "",
     "secret/data/shop/", "secret/data/shop/a%00b", "secret/data/shop/a%0ab", "secret%5cdata", "//secret/data/shop"],
)  # fmt: skip
def test_a_path_means_one_thing(path: str) -> None:
    assert "is no plain path" in refused(f"ref+vault://{path}#/key")


def test_whoever_was_given_nothing_is_refused() -> None:
    other = Origin("wiki", "c" * 40, tenant="docs")
    assert refused("ref+vault://secret/data/wiki#/a", other) == "the server gives repository wiki no vault store"
    assert "no awssecrets store" in refused("ref+awssecrets://secret/data/shop#/a")
    assert refused("ref+vault://secret/data/shop#/a", replace(SHOP, tenant=None)).endswith(
        "other paths than secret/data/shop"
    )
    assert "no vault store" in refused("ref+vault://a", SHOP, replace(STORE, allow=(SecretGrant(("*",)),)))


def test_both_tenant_and_repository_have_to_fit() -> None:
    both = replace(STORE, allow=(SecretGrant(("*",), tenants=("retail",), repositories=("shop",)),))
    assert store_of("ref+vault://any#/a", SHOP, both) == "team"
    for other in (replace(SHOP, repository="wiki"), replace(SHOP, tenant="docs")):
        assert "no vault store" in refused("ref+vault://any#/a", other, both)


def test_what_an_environment_guards_is_for_runs_in_it_only() -> None:
    text = "ref+vault://secret/data/production/db#/a"
    assert store_of(text, replace(SHOP, environment="production")) == "team"
    for outside in (SHOP, replace(SHOP, environment="staging")):
        assert refused(text, outside).endswith("is for runs in environment production only")


def test_what_nobody_reviewed_gets_nothing() -> None:
    assert "unmerged refs and forks are given no secrets" in refused(
        "ref+vault://kv/retail#/a", replace(SHOP, merged=False)
    )


@pytest.mark.parametrize(
    "params",
    ["address=https://evil.example.com", "address=https://vault.example.com.evil.example.com", "namespace=other",
     "role_id=x", "token_env=WINDLASS_TOKEN", "token_file=/etc/shadow", "proto=http", "host=evil", "endpoint=http://169.254.169.254",
     "profile=admin", "role_arn=arn:aws:iam::1:role/admin", "address="],
)  # fmt: skip
def test_a_reference_says_neither_where_nor_as_whom(params: str) -> None:
    assert "is what the server says of store team" in refused(f"ref+vault://kv/retail?{params}#/a")


def test_it_may_repeat_what_the_server_says() -> None:
    text = f"ref+vault://kv/retail?address={VAULT}/&namespace=retail&store=team&version=2#/a"
    store, decided = chosen([STORE], parse_reference(text), SHOP)
    assert (store, decided.params, decided.path) == (STORE, {"version": "2"}, "kv/retail")


def test_the_store_that_names_the_path_most_exactly_is_asked() -> None:
    wide = replace(STORE, name="wide", allow=(SecretGrant(("*",), tenants=("retail",)),))
    twin = replace(STORE, name="twin")
    assert store_of("ref+vault://kv/retail/a#/b", SHOP, wide, STORE) == "team"
    assert store_of("ref+vault://else#/b", SHOP, wide, STORE) == "wide"
    assert store_of("ref+vault://kv/retail/a?store=wide#/b", SHOP, wide, STORE) == "wide"
    assert refused("ref+vault://kv/retail/a#/b", SHOP, STORE, twin).endswith("say which, ?store= one of team, twin")
    assert "no store none of backend vault" in refused("ref+vault://kv/retail/a?store=none#/b")


def test_a_repository_without_tenant_has_no_tenant_paths() -> None:
    store = replace(STORE, allow=(SecretGrant(("kv/{tenant}", "kv/{repository}"), repositories=("shop",)),))
    alone = replace(SHOP, tenant=None)
    assert store_of("ref+vault://kv/shop#/a", alone, store) == "team"
    assert "other paths" in refused("ref+vault://kv/retail#/a", alone, store)


def test_plain_paths() -> None:
    assert plain_path("/a/b.c/...d") == "a/b.c/...d"
