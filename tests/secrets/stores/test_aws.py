"""References to AWS Secrets Manager and SSM, against moto's server: the protocol is AWS's, the stores are stand-ins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from tests.canary import secret
from tests.s3 import CREDENTIALS, S3, reason
from tests.secrets.stores.local_server import local_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.secrets.stores.conftest import Asked, Stores

    Aws = Callable[..., Asked]

VALUE = secret("aws")
REGION = "eu-central-1"
KEYS = {"accessKeyId": CREDENTIALS["AWS_ACCESS_KEY_ID"], "secretAccessKey": CREDENTIALS["AWS_SECRET_ACCESS_KEY"]}


def client(server: S3, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(ignore_configured_endpoint_urls=True),
    )


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if (why := reason()) is not None:
        pytest.skip(why)
    server = S3(tmp_path_factory.mktemp("aws"))
    secrets, parameters = client(server, "secretsmanager"), client(server, "ssm")
    secrets.create_secret(Name="team/plain", SecretString=VALUE)
    secrets.create_secret(Name="team/json", SecretString=json.dumps({"db": {"password": VALUE, "port": 5432}}))
    secrets.create_secret(Name="team/yaml", SecretString=f"db:\n  password: {VALUE}\n")
    secrets.create_secret(Name="team/text", SecretBinary=VALUE.encode())
    secrets.create_secret(Name="team/binary", SecretBinary=b"\xff\xfe\xfd\xfc")
    secrets.create_secret(Name="team/rotated", SecretString="the-old-one")
    secrets.put_secret_value(SecretId="team/rotated", SecretString="the-new-one")
    parameters.put_parameter(Name="/team/password", Value=VALUE, Type="SecureString")
    parameters.put_parameter(Name="/team/json", Value=json.dumps({"a": {"b": VALUE}}), Type="SecureString")
    parameters.put_parameter(Name="/team/rotated", Value="the-old-one", Type="SecureString")
    parameters.put_parameter(Name="/team/rotated", Value="the-new-one", Type="SecureString", Overwrite=True)
    yield server
    server.stop()


@pytest.fixture
def aws(moto: S3, stores: Stores) -> Aws:
    def made(backend: str, **options: str) -> Asked:
        return stores.asked(stores.store(backend, moto.url, {"region": REGION, **options}, **KEYS))

    return made


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("awssecrets://team/plain", VALUE),
        ("awssecrets://team/text", VALUE),
        ("awssecrets://team/json#/db/password", VALUE),
        ("awssecrets://team/json#/db/port", "5432"),
        ("awssecrets://team/yaml#/db/password", VALUE),
        ("awssecrets://team/rotated", "the-new-one"),
        ("awssecrets://team/rotated?version_stage=AWSPREVIOUS", "the-old-one"),
        ("awsssm://team/password", VALUE),
        ("awsssm://team#/password", VALUE),
        ("awsssm://team?recursive=true#/password", VALUE),
        ("awsssm://team/json?mode=singleparam#/a/b", VALUE),
        ("awsssm://team/rotated?version=1", "the-old-one"),
    ],
)
def test_a_value(aws: Aws, reference: str, value: str) -> None:
    assert aws(reference.partition(":")[0]).value(f"ref+{reference}") == value


@pytest.mark.parametrize(
    ("reference", "cause"),
    [
        ("awssecrets://team/none", "secret-not-found"),
        ("awssecrets://team/json#/db/none", "secret-not-found"),
        ("awssecrets://team/json#/db", "secret-failed"),
        ("awssecrets://team/plain#/a", "secret-failed"),
        ("awssecrets://team/binary", "secret-failed"),
        ("awssecrets://team/plain?region=us-east-1", "secret-denied"),
        ("awssecrets://team/plain?profile=admin", "secret-denied"),
        ("awssecrets://team/plain?role_arn=arn:aws:iam::1:role/admin", "secret-denied"),
        ("awssecrets://team/plain?endpoint=http://evil.example.com", "secret-denied"),
        ("awsssm://team/none", "secret-not-found"),
        ("awsssm://team/json#/a", "secret-not-found"),
        ("awsssm://team/rotated?version=9", "secret-not-found"),
        ("awsssm://team#/..", "secret-denied"),
        ("awsssm://team#/a~1b", "secret-denied"),
        ("awsssm://team?mode=all#/a", "secret-failed"),
        ("awsssm://team/password?alg=x", "secret-denied"),
    ],
)
def test_what_there_is_not(aws: Aws, reference: str, cause: str) -> None:
    found, message = aws(reference.partition(":")[0]).refusal(f"ref+{reference}")
    assert (found, VALUE in message) == (cause, False), message


def test_the_servers_environment_chooses_no_endpoint(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(lambda request: (200, {})) as evil:
        monkeypatch.setenv("AWS_ENDPOINT_URL", evil.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", evil.url)
        assert aws("awssecrets").value("ref+awssecrets://team/plain") == VALUE
        assert evil.requests == []


def test_a_role_is_taken(aws: Aws, moto: S3) -> None:
    role = "arn:aws:iam::123456789012:role/reader"
    assert aws("awssecrets", role=role).value("ref+awssecrets://team/plain") == VALUE


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"])
def test_no_access(stores: Stores, code: str) -> None:
    """What AWS answers, from a server that stands in for it: moto lets everybody in."""
    with local_server(lambda request: (400, {"__type": code, "message": VALUE})) as server:
        store = stores.store("awssecrets", server.url, {"region": REGION}, **KEYS)
        cause, message = stores.asked(store).refusal("ref+awssecrets://team/plain")
    assert (cause, code in message, VALUE in message) == ("secret-denied", True, False)
    assert all(KEYS["secretAccessKey"] != value for one in server.requests for value in one.headers.values())


def test_no_server_and_no_identity(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    with local_server(lambda request: (200, {})) as server:
        pass
    store = stores.store("awsssm", server.url, {"region": REGION}, **KEYS)
    cause, message = stores.asked(store).refusal("ref+awsssm://team/password")
    assert (cause, "cannot be reached" in message) == ("secret-failed", True)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nowhere")
    store = stores.store("awsssm", server.url, {"region": REGION})
    cause, message = stores.asked(store).refusal("ref+awsssm://team/password")
    assert (cause, "no credentials" in message) == ("secret-denied", True)


def test_the_library_is_missing(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    store = stores.store("awssecrets", None, {"region": REGION}, **KEYS)
    cause, message = stores.asked(store).refusal("ref+awssecrets://team/plain")
    assert (cause, "pip install 'windlass[aws]'" in message) == ("secret-failed", True)
