"""References to Azure Key Vault, against a server of this machine that speaks its REST protocol as documented.

There is no emulator of it to be had. The login is azure-identity's own: a client's secret for a token, over TLS.
"""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.canary import secret
from tests.secrets.stores.local_server import Local, Request, local_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.secrets.stores.conftest import Asked, Stores

    Azure = Callable[..., Asked]

VALUE = secret("azure")
TOKEN, SECRET = "the-access-token", "the-clients-own"
SECRETS = {
    "/secrets/plain": VALUE,
    "/secrets/plain/v1": "the-old-one",
    "/secrets/json": json.dumps({"a": {"b": VALUE}}),
}


def answer(request: Request) -> tuple[int, Any]:
    path = urlsplit(request.path).path
    if path.endswith("/.well-known/openid-configuration"):
        base = f"https://{request.headers['Host']}/tenant"
        return 200, {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/auth", "issuer": base}
    if path.endswith("/token"):
        form = parse_qs(request.body)
        assert form["scope"] == ["https://vault.azure.net/.default"]
        if form["client_secret"] != [SECRET]:
            return 401, {"error": "invalid_client", "error_description": f"AADSTS7000215 {form['client_secret']}"}
        return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    if request.headers.get("Authorization") != f"Bearer {TOKEN}" or "api-version=7.4" not in request.path:
        return 401, {"error": {"code": "Unauthorized"}}
    if "forbidden" in path:
        return 403, {"error": {"code": "Forbidden", "message": VALUE}}
    if path not in SECRETS:
        return 404, {"error": {"code": "SecretNotFound", "message": VALUE}}
    return 200, {"value": SECRETS[path], "id": f"https://vault{path}"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of this machine's address, signed by itself; its key stands in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem))
    return file


@pytest.fixture(scope="module")
def service(certificate: Path) -> Iterator[Local]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with local_server(answer, tls) as server:
        yield server


@pytest.fixture
def azure(service: Local, stores: Stores, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Azure:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # for the login, which is not the vault's
    ca = certificate.read_text()[certificate.read_text().index("-----BEGIN CERT") :]

    def made(secret: str = SECRET, **options: str) -> Asked:
        given = {"tenantId": "tenant", "clientId": "shop", "authority": service.url, **options}
        return stores.asked(stores.store("azurekeyvault", service.url, given, clientSecret=secret, ca=ca))

    return made


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("127.0.0.1/plain", VALUE),
        ("127/plain", VALUE),  # the vault's name: the first part of its host
        ("127.0.0.1/plain/v1", "the-old-one"),
        ("127.0.0.1/json#/a/b", VALUE),
    ],
)
def test_a_value(azure: Azure, reference: str, value: str) -> None:
    assert azure().value(f"ref+azurekeyvault://{reference}") == value


@pytest.mark.parametrize(
    ("reference", "cause"),
    [
        ("127.0.0.1/none", "secret-not-found"),
        ("127.0.0.1/plain/v9", "secret-not-found"),
        ("127.0.0.1/json#/a/c", "secret-not-found"),
        ("127.0.0.1/forbidden", "secret-denied"),
        ("evil.example.com/plain", "secret-denied"),
        ("other/plain", "secret-denied"),
        ("127.0.0.1/plain?tenantId=x", "secret-denied"),
        ("127.0.0.1/plain?x=y", "secret-denied"),
        ("127.0.0.1/plain#/a", "secret-failed"),
        ("127.0.0.1/a%2fb/c/d", "secret-failed"),
        ("127.0.0.1/a_b", "secret-failed"),
        ("127.0.0.1", "secret-failed"),
    ],
)
def test_what_there_is_not(azure: Azure, reference: str, cause: str) -> None:
    found, message = azure().refusal(f"ref+azurekeyvault://{reference}")
    assert (found, VALUE in message) == (cause, False), message


def test_a_secret_that_is_refused(azure: Azure) -> None:
    found, message = azure(secret="a-wrong-one").refusal("ref+azurekeyvault://127.0.0.1/plain")
    assert (found, "a-wrong-one" in message) == ("secret-denied", False), message


def test_the_audience_follows_the_cloud(stores: Stores) -> None:
    from windlass.secrets.azurekeyvault import AzureKeyVaultProvider
    from windlass.secrets.opened import OpenStore

    for host, scope in (
        ("shop.vault.azure.net", "https://vault.azure.net/.default"),
        ("shop.vault.azure.cn", "https://vault.azure.cn/.default"),
        ("shop.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net/.default"),
    ):
        assert AzureKeyVaultProvider(OpenStore(stores.store("azurekeyvault", f"https://{host}")))._scope == scope


def test_the_library_is_missing(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "azure.identity", None)
    assert "pip install 'windlass[azure]'" in azure().refusal("ref+azurekeyvault://127.0.0.1/plain")[1]
