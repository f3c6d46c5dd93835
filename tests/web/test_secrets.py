"""The own store through the API: set, list, remove, rotate; who may; no answer has a value."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from tests.canary import secret
from tests.web.site import TOKEN, Site, workflow

from windlass.secrets.base import Origin
from windlass.secrets.reference import parse_reference
from windlass.settings import ApiToken, SecretSource
from windlass.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUE = secret("web.secrets")
SETTINGS = """apiVersion: windlass.dev/v1
kind: Repository
secrets: {DB: "ref+windlass://DB", GONE: "ref+windlass://GONE", VAULT: "ref+vault://secret/data/x#/a"}
environments:
  production: {secrets: {DB: "ref+windlass://DB"}}
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path, {"workflows/deploy.yaml": workflow(), "windlass.yaml": SETTINGS}, tokens=True,
                tokens_of=(ApiToken("ci", SecretSource(), ("ops",)), ApiToken("bob", SecretSource())),
                store_managers=("group:ops",))  # fmt: skip
    made.start()
    yield made
    made.close()


def as_(site: Site, name: str) -> TestClient:
    known = {"ci": hashlib.sha256(TOKEN.encode()).digest(), name: hashlib.sha256(b"other-key").digest()}
    return TestClient(create_app(site.controller, known), base_url="http://127.0.0.1:7878",
                      headers={"Authorization": "Bearer other-key"})  # fmt: skip


def kept(site: Site, path: str, **origin: Any) -> str:
    return site.parts.own_secrets.provider.value(
        parse_reference(f"ref+windlass://{path}"), Origin("shop", None, **origin)
    )


def test_set_list_remove(site: Site) -> None:
    place = "/api/v1/secrets/repositories/shop/DB"
    assert site.http.put(place, json={"value": VALUE}).json()["version"] == 1
    answer = site.http.put(place, params={"environment": "production"}, json={"value": VALUE + "!"})
    assert (answer.status_code, answer.json()["environment"]) == (200, "production")
    assert (kept(site, "DB"), kept(site, "DB", environment="production")) == (VALUE, VALUE + "!")
    listed = site.http.get("/api/v1/secrets", params={"limit": 1}).json()
    second = site.http.get("/api/v1/secrets", params={"limit": 1, "cursor": listed["next"]}).json()
    assert [listed["items"][0]["environment"], second["items"][0]["environment"]] == [None, "production"]
    assert second["next"] is None
    assert VALUE not in answer.text + str(listed) + str(second)
    assert site.http.delete(place).status_code == 204
    assert site.http.delete(place).status_code == 404
    actions = [(one.action, one.object, one.actor["name"]) for one in site.ledger.reads.audit(10)]
    assert actions[0] == ("secret.remove", "repository:shop/DB", "ci")
    assert len(actions) == 3


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("repositories/none/DB", {"value": VALUE}, 404), ("tenants/none/DB", {"value": VALUE}, 404),
     ("teams/a/DB", {"value": VALUE}, 404), ("repositories/shop/9", {"value": VALUE}, 422),
     ("repositories/shop/DB", {"value": "abc"}, 422), ("repositories/shop/DB", {}, 422),
     ("repositories/shop/DB", {"value": VALUE, "more": 1}, 422), ("repositories/shop/DB", {"value": 12345}, 422),
     ("users/bob/DB", {"value": VALUE}, 403)],
)  # fmt: skip
def test_refusals(site: Site, path: str, body: dict[str, Any], status: int) -> None:
    answer = site.http.put(f"/api/v1/secrets/{path}", json=body)
    assert answer.status_code == status, answer.text
    assert VALUE not in answer.text
    assert site.parts.own_secrets.all() == []


def test_who_may(site: Site) -> None:
    bob = as_(site, "bob")
    assert bob.put("/api/v1/secrets/repositories/shop/DB", json={"value": VALUE}).status_code == 403
    assert bob.post("/api/v1/secrets/rotate").status_code == 403
    assert bob.put("/api/v1/secrets/users/me/MINE", json={"value": VALUE}).json()["owner"] == "bob"
    assert kept(site, "user/MINE", person="bob") == VALUE
    assert site.http.get("/api/v1/secrets").json()["items"] == []
    assert [one["name"] for one in bob.get("/api/v1/secrets").json()["items"]] == ["MINE"]
    assert site.http.delete("/api/v1/secrets/users/bob/MINE").status_code == 403
    assert TestClient(site.app, base_url="http://127.0.0.1:7878").get("/api/v1/secrets").status_code == 401


def test_rotate(site: Site) -> None:
    site.http.put("/api/v1/secrets/repositories/shop/DB", json={"value": VALUE})
    assert site.http.post("/api/v1/secrets/rotate").json()["sealed"] == 1
    assert kept(site, "DB") == VALUE


def test_whether_each_reference_can_be_had(site: Site) -> None:
    site.http.put("/api/v1/secrets/repositories/shop/DB?environment=production", json={"value": VALUE})
    answer = site.http.get("/api/v1/repositories/shop/secrets")
    found = {(one["name"], one["environment"]): one["status"] for one in answer.json()["items"]}
    assert found == {("DB", None): "secret-not-found", ("DB", "production"): "found",
                     ("GONE", None): "secret-not-found", ("VAULT", None): "secret-denied"}  # fmt: skip
    assert VALUE not in answer.text
    assert site.http.get("/api/v1/repositories/none/secrets").status_code == 404
