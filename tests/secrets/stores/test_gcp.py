"""References to Google Secret Manager, against a server of this machine that speaks its REST protocol as documented.

There is no emulator of it to be had. The login is google-auth's own: a service account's signed assertion for a token.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.canary import secret
from tests.secrets.stores.local_server import Local, Request, local_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.secrets.stores.conftest import Asked, Stores

    Google = Callable[..., Asked]

VALUE = secret("gcp")
TOKEN = "the-access-token"
SECRETS = {
    "projects/main/secrets/plain/versions/latest": VALUE.encode(),
    "projects/main/secrets/plain/versions/1": b"the-old-one",
    "projects/main/secrets/json/versions/latest": json.dumps({"db": {"password": VALUE}}).encode(),
    "projects/main/secrets/binary/versions/latest": b"\xff\xfe\xfd\xfc",
    "projects/other/secrets/plain/versions/latest": b"of-another-project",
}


def answer(request: Request) -> tuple[int, Any]:
    if request.path == "/token":
        assertion = parse_qs(request.body)["assertion"][0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(assertion + "=="))
        if claims["iss"] != "shop@main.iam.gserviceaccount.com":
            return 400, {"error": "invalid_grant", "error_description": VALUE}
        return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
    name = request.path.removeprefix("/v1/").removesuffix(":access")
    if "forbidden" in name:
        return 403, {"error": {"code": 403, "message": VALUE, "status": "PERMISSION_DENIED"}}
    if name not in SECRETS:
        return 404, {"error": {"code": 404, "message": f"{name} {VALUE}", "status": "NOT_FOUND"}}
    return 200, {"name": name, "payload": {"data": base64.b64encode(SECRETS[name]).decode()}}


@pytest.fixture(scope="module")
def service() -> Iterator[Local]:
    with local_server(answer) as server:
        yield server


@pytest.fixture(scope="module")
def private_key() -> str:
    made = rsa.generate_private_key(65537, 2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


@pytest.fixture
def google(service: Local, stores: Stores, private_key: str) -> Google:
    def made(account: str = "shop", **options: str) -> Asked:
        key = {
            "type": "service_account",
            "client_email": f"{account}@main.iam.gserviceaccount.com",
            "private_key": private_key,
            "token_uri": f"{service.url}/token",
        }
        return stores.asked(stores.store("gcpsecrets", service.url, options, serviceAccount=json.dumps(key)))

    return made


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("main/plain", VALUE),
        ("main/plain?version=1", "the-old-one"),
        ("main/plain?version=latest", VALUE),
        ("main/json#/db/password", VALUE),
        ("other/plain", "of-another-project"),
    ],
)
def test_a_value(google: Google, reference: str, value: str) -> None:
    assert google().value(f"ref+gcpsecrets://{reference}") == value


def test_the_project_of_the_store(google: Google) -> None:
    asked = google(project="main")
    assert asked.value("ref+gcpsecrets://plain") == asked.value("ref+gcpsecrets://main/plain") == VALUE
    assert asked.cause("ref+gcpsecrets://other/plain") == "secret-denied"


@pytest.mark.parametrize(
    ("reference", "cause"),
    [
        ("main/none", "secret-not-found"),
        ("main/plain?version=9", "secret-not-found"),
        ("main/json#/db/none", "secret-not-found"),
        ("main/forbidden", "secret-denied"),
        ("main/plain?fallback=x", "secret-denied"),
        ("main/plain?project=other", "secret-denied"),
        ("main/binary", "secret-failed"),
        ("main/plain#/a", "secret-failed"),
        ("main/plain?version=x", "secret-failed"),
        ("main/a/b", "secret-failed"),
        ("plain", "secret-failed"),
    ],
)
def test_what_there_is_not(google: Google, reference: str, cause: str) -> None:
    found, message = google().refusal(f"ref+gcpsecrets://{reference}")
    assert (found, VALUE in message) == (cause, False), message


def test_one_login_for_many(google: Google, service: Local) -> None:
    asked = google()
    before = len([one for one in service.requests if one.path == "/token"])
    for _ in range(3):
        asked.value("ref+gcpsecrets://main/plain")
    assert len([one for one in service.requests if one.path == "/token"]) == before + 1


def test_an_account_that_is_refused(google: Google, stores: Stores, service: Local) -> None:
    found, message = google(account="nobody").refusal("ref+gcpsecrets://main/plain")
    assert (found, VALUE in message) == ("secret-denied", False)
    asked = stores.asked(stores.store("gcpsecrets", service.url, serviceAccount='{"private_key": "hunter22"}'))
    found, message = asked.refusal("ref+gcpsecrets://main/plain")
    assert (found, "hunter22" in message) == ("secret-failed", False)


def test_the_library_is_missing(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "google.auth", None)
    assert "pip install 'windlass[gcp]'" in google().refusal("ref+gcpsecrets://main/plain")[1]
