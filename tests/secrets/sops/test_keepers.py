"""Files for PGP, KMS and Vault: opened by the real sops with what the server gave, and with nothing else.

PGP is real GnuPG, Vault a real OpenBao, AWS moto's server. Azure's and Google's keys are told apart and refused here;
how sops asks for them is sops' own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from tests.canary import keeps
from tests.openbao import OpenBao, running
from tests.s3 import CREDENTIALS, S3, reason
from tests.sops import new_key, sops_binary

from windlass.errors import SecretError
from windlass.secrets.opened import OpenStore
from windlass.secrets.sops import binary
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.foreign import allowed_metadata, named_keys
from windlass.secrets.sops.keepers import StoreKeeper, UserKeeper
from windlass.settings import SecretSource, SecretStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.sops import Key, Sops

    Keeper = Callable[..., StoreKeeper]

PLAIN = "text: hunter22\nnumber: 5432\nfloat: 1.50\nbool: true\nlist: [a, {b: c}, 1e3]\nempty: ''\nday: 2024-02-29\n"
OPENED = {
    "text": "hunter22", "number": 5432, "float": 1.5, "bool": True, "list": ["a", {"b": "c"}, 1000.0], "empty": "",
    "day": "2024-02-29T00:00:00Z",
}  # fmt: skip


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sops of the tests is the machine's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sops").symlink_to(sops_binary())
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    """A store of the server file, with these keys and credentials."""

    def made(recipients: Sequence[str], options: Mapping[str, str] | None = None, **credentials: str) -> StoreKeeper:
        sources = {}
        for name, value in credentials.items():
            keeps(tmp_path / f"credential-{name}").write_text(value + "\n")
            sources[name] = SecretSource(file=tmp_path / f"credential-{name}")
        return StoreKeeper(OpenStore(SecretStore("keys", "sops", None, options or {}, sources, (), tuple(recipients))))

    return made


def refused(keeper: StoreKeeper, data: bytes) -> SecretError:
    with pytest.raises(SecretError) as error:
        keeper.opened(data, "yaml", [])
    assert "hunter22" not in str(error.value)
    return error.value


@pytest.fixture
def pgp(tmp_path_factory: pytest.TempPathFactory, sops: Sops) -> Iterator[tuple[str, str]]:
    """(fingerprint, private key) of somebody new; the test's sops can encrypt for them."""
    home = Path("/tmp") / f"wl-gpg-{os.getpid()}-{id(sops)}"
    home.mkdir(mode=0o700)
    sops.env["GNUPGHOME"] = str(home)
    try:
        gpg(home, "--quick-generate-key", "shop@example.com", "default", "default", "never")
        listed = gpg(home, "--list-keys", "--with-colons")
        fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        yield fingerprint, gpg(home, "--armor", "--export-secret-keys", fingerprint)
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)
        subprocess.run(["rm", "-rf", home], check=True)


def gpg(home: Path, *words: str) -> str:
    command = ["gpg", "--homedir", str(home), "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pgp(sops: Sops, keeper: Keeper, pgp: tuple[str, str]) -> None:
    fingerprint, private = pgp
    data = sops.encrypted("a.yaml", PLAIN, keys=("--pgp", fingerprint))
    spaced = " ".join(fingerprint[i : i + 4] for i in range(0, 40, 4)).lower()
    for written in (fingerprint, spaced):
        assert keeper([written], pgp=private).opened(data, "yaml", []) == OPENED
    assert not [path for path in Path("/dev/shm").glob("wl-*") if "pgp" in os.listdir(path)], "nothing stays"
    assert refused(keeper([fingerprint]), data).cause == "secret-denied"
    assert "no private PGP key" in str(refused(keeper([fingerprint], pgp="hunter22 is none"), data))


def test_other_formats_and_a_key_group_with_age(sops: Sops, key: Key, keeper: Keeper, pgp: tuple[str, str]) -> None:
    fingerprint, private = pgp
    store = keeper([fingerprint], pgp=private)
    for name, format_, plain, found in (
        ("a.json", "json", '{"a": 1, "b": "x"}', {"a": 1, "b": "x"}),
        ("a.env", "dotenv", "A=b\nC=d e\n", {"A": "b", "C": "d e"}),
        ("key.pem", "binary", "-----BEGIN\nabc\n", {"data": "-----BEGIN\nabc\n"}),
    ):
        assert store.opened(sops.encrypted(name, plain, keys=("--pgp", fingerprint)), format_, []) == found
    groups = f"[{{age: [{key.recipient}]}}, {{pgp: [{fingerprint}]}}]"
    (sops.folder / ".sops.yaml").write_text(f"creation_rules: [{{shamir_threshold: 2, key_groups: {groups}}}]")
    data = sops.encrypted("groups.yaml", PLAIN, keys=())
    assert store.opened(data, "yaml", read_keys(key.secret, "here")) == OPENED
    assert refused(store, data).cause == "secret-denied"


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    for server in running(tmp_path_factory.mktemp("openbao")):
        server.write("sys/mounts/transit", {"type": "transit"})
        for name in ("shop", "other"):
            server.write(f"transit/keys/{name}")
        (server.folder / "ca.pem").write_text(server.ca)
        yield server


def test_vault_transit(sops: Sops, keeper: Keeper, bao: OpenBao) -> None:
    sops.env |= {"VAULT_TOKEN": "root-of-the-tests", "VAULT_CACERT": str(bao.folder / "ca.pem")}
    shop, other = (f"{bao.url}/v1/transit/keys/{name}" for name in ("shop", "other"))
    data = sops.encrypted("a.yaml", PLAIN, keys=("--hc-vault-transit", shop))
    token = bao.token('path "transit/decrypt/shop" { capabilities = ["update"] }')
    assert keeper([shop], vaultToken=token, vaultCa=bao.ca).opened(data, "yaml", []) == OPENED
    assert refused(keeper([shop], vaultCa=bao.ca, vaultToken="s.wrong-token"), data).cause == "secret-denied"
    assert refused(keeper([shop], vaultToken=token), data).cause == "secret-failed", "the certificate is not trusted"
    theirs = sops.encrypted("b.yaml", PLAIN, keys=("--hc-vault-transit", other))
    error = refused(keeper([shop], vaultToken=token, vaultCa=bao.ca), theirs)
    assert (error.cause, other in str(error)) == ("secret-denied", True)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    if (why := reason()) is not None:
        pytest.skip(why)
    server = S3(tmp_path_factory.mktemp("aws"))
    yield server
    server.stop()


def test_aws_kms(sops: Sops, keeper: Keeper, moto: S3) -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}
    kms = boto3.client("kms", endpoint_url=moto.url, **keys)
    arn, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    sops.env |= {**CREDENTIALS, "AWS_ENDPOINT_URL": moto.url}
    data = sops.encrypted("a.yaml", PLAIN, keys=("--kms", arn))
    given = {"accessKeyId": "test", "secretAccessKey": "test"}
    options = {"awsEndpoint": moto.url}
    assert keeper([arn], options, **given).opened(data, "yaml", []) == OPENED
    assert refused(keeper([arn], options), data).cause == "secret-denied", "none of our own environment's"
    role = f"{arn}+arn:aws:iam::123456789012:role/reader"
    taken = sops.encrypted("b.yaml", PLAIN, keys=("--kms", role))
    assert keeper([role], options, **given).opened(taken, "yaml", []) == OPENED
    for name, wrong in (("a role", taken), ("another key", sops.encrypted("c.yaml", PLAIN, keys=("--kms", other)))):
        error = refused(keeper([arn], options, **given), wrong)
        assert (error.cause, "does not give" in str(error)) == ("secret-denied", True), name


def test_a_file_that_was_changed(sops: Sops, keeper: Keeper, pgp: tuple[str, str]) -> None:
    fingerprint, private = pgp
    tree = yaml.safe_load(sops.encrypted("a.yaml", PLAIN, keys=("--pgp", fingerprint)))
    store = keeper([fingerprint], pgp=private)
    for change in (
        lambda tree: tree.update(added_unencrypted="x"),
        lambda tree: tree.pop("number"),
        lambda tree: tree.update(text=tree["list"][0]),
        lambda tree: tree["sops"].update(mac=tree["text"]),
        lambda tree: tree["sops"]["pgp"][0].update(enc="hunter22"),
    ):
        changed = yaml.safe_load(yaml.safe_dump(tree))
        change(changed)
        refused(store, yaml.safe_dump(changed, sort_keys=False).encode())


KMS = {"arn": "arn:aws:kms:eu-central-1:1:key/mine", "enc": "x", "created_at": "2024-01-01T00:00:00Z"}
VAULT = {"vault_address": "https://vault.example.com", "engine_path": "transit", "key_name": "shop", "enc": "x"}
AZURE = {"vault_url": "https://shop.vault.azure.net", "name": "key", "version": "1", "enc": "x"}
GCP = {"resource_id": "projects/p/locations/global/keyRings/r/cryptoKeys/k", "enc": "x"}
MINE = (
    KMS["arn"], "https://vault.example.com/v1/transit/keys/shop", "https://shop.vault.azure.net/keys/key/1",
    GCP["resource_id"],
)  # fmt: skip


@pytest.mark.parametrize(("kind", "entry"), [("kms", KMS), ("hc_vault", VAULT), ("azure_kv", AZURE), ("gcp_kms", GCP)])
def test_our_own_keys_go_on_as_they_are(kind: str, entry: dict[str, str]) -> None:
    written = {kind: [entry], "mac": "m", "lastmodified": "l", "version": "3.13.2"}
    assert allowed_metadata(written, MINE) == written
    groups = {
        "mac": "m",
        "shamir_threshold": 2,
        "key_groups": [{kind: [entry]}, {"age": [{"recipient": "r", "enc": "x"}]}],
    }
    assert allowed_metadata(groups, MINE) == groups


@pytest.mark.parametrize(
    "written",
    [
        {"kms": [KMS, {**KMS, "arn": "arn:aws:kms:eu-central-1:2:key/theirs"}]},
        {"kms": [{**KMS, "role": "arn:aws:iam::1:role/admin"}]},
        {"kms": [{**KMS, "aws_profile": "admin"}]},
        {"kms": [{**KMS, "arn": f"{KMS['arn']}+arn:aws:iam::1:role/admin"}]},
        {"hc_vault": [{**VAULT, "vault_address": "http://169.254.169.254"}]},
        {"hc_vault": [{**VAULT, "vault_address": "https://vault.example.com.evil.example"}]},
        {"hc_vault": [{**VAULT, "vault_address": "https://vault.example.com@evil.example"}]},
        {"hc_vault": [{**VAULT, "key_name": "other"}]},
        {"hc_vault": [{**VAULT, "engine_path": "transit/../other"}]},
        {"azure_kv": [{**AZURE, "vault_url": "https://evil.example.com"}]},
        {"gcp_kms": [{**GCP, "resource_id": "projects/other/locations/global/keyRings/r/cryptoKeys/k"}]},
        {"hckms": [{"key_id": "eu:x", "enc": "x"}]},
        {"key_groups": [{"kms": [KMS]}, {"kms": [{**KMS, "arn": "arn:aws:kms:eu-central-1:2:key/theirs"}]}]},
    ],
)
def test_another_key_role_or_address_is_refused_before_anything_is_started(
    keeper: Keeper, written: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S05"""
    monkeypatch.setenv("PATH", "/nowhere")  # sops would not be found
    data = yaml.safe_dump({"a": "ENC[x]", "sops": {**written, "mac": "m"}}).encode()
    error = refused(keeper(MINE, accessKeyId="test", secretAccessKey="test"), data)
    assert error.cause == "secret-denied"
    assert "it names" in str(error)


@pytest.mark.parametrize("name", ["KMS", "Kms", "HC_Vault", "Key_Groups", "kmS"])
def test_what_sops_would_read_under_another_spelling_never_reaches_it(name: str) -> None:
    """sops reads names without regard to case; it is given those that were looked at, and no others."""
    evil = [{"Vault_Address": "http://169.254.169.254", "arn": "arn:aws:kms:eu-central-1:2:key/theirs"}]
    written = {
        "kms": [{**KMS, "ARN": "theirs", "Aws_Profile": "admin"}],
        name: evil,
        "mac": "m",
        "Keyservice": "tcp://x",
    }
    if name == "kmS":
        written["kms"][0]["Role"] = "admin"
    assert allowed_metadata(written, MINE) == {"kms": [KMS], "mac": "m"}


def test_other_peoples_pgp_keys_may_stand_beside_ours() -> None:
    theirs = {"fp": "85D77543B3D624B63CEA9E6DBC17301B491B3F21", "enc": "x"}
    written = {"kms": [KMS], "pgp": [theirs], "mac": "m"}
    assert allowed_metadata(written, MINE) == {"kms": [KMS], "mac": "m"}
    assert [key.kind for key in named_keys(written)] == ["kms", "pgp"]


@pytest.mark.parametrize(
    "written", [{"kms": ["x"]}, {"key_groups": ["x"]}, {"key_groups": "x"}, {"kms": [{"arn": ["x"]}]}]
)
def test_keys_that_are_none(written: dict[str, Any]) -> None:
    with pytest.raises(SecretError):
        allowed_metadata(written, MINE)


def script(folder: Path, text: str) -> None:
    """In place of sops."""
    (folder / "bin/sops").unlink()
    (folder / "bin/sops").write_text(f'#!/bin/sh\ncase "$*" in *--version*) echo "sops 3.13.9"; exit;; esac\n{text}\n')
    (folder / "bin/sops").chmod(0o755)


@pytest.mark.parametrize(
    ("text", "cause", "message"),
    [
        ("echo hunter22 >&2; exit 1", "secret-failed", "exit code 1"),
        ("exit 0", "secret-failed", "no values"),
        ("echo '- a'", "secret-failed", "no values"),
        ("exit 51", "secret-failed", "MAC does not match"),
        ("echo AccessDeniedException: hunter22 >&2; exit 128", "secret-denied", "refuses"),
        ("echo connection refused >&2; exit 128", "secret-failed", "cannot be reached"),
        ("yes hunter22 | head -c 20000000", "secret-failed", "more than"),
        ("sleep 60", "secret-failed", "was not done within 1 seconds"),
        ("sleep 60 & sleep 60", "secret-failed", "was not done within 1 seconds"),
    ],
)
def test_a_sops_that_fails(tmp_path: Path, text: str, cause: str, message: str) -> None:
    script(tmp_path, text)
    with pytest.raises(SecretError, match=message) as error:
        binary.decrypted(b"a: b\n", "yaml", {}, tmp_path, limit=1.0)
    assert (error.value.cause, "hunter22" in str(error.value)) == (cause, False)


def test_its_environment_is_the_stores_alone(tmp_path: Path, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, f"env > {tmp_path}/env; exit 1")
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "VAULT_TOKEN",
        "VAULT_ADDR",
        "SOPS_AGE_KEY_FILE",
        "WINDLASS_TOKEN",
    ):
        monkeypatch.setenv(name, "of-the-controller")
    data = yaml.safe_dump({"a": "ENC[x]", "sops": {"kms": [KMS], "mac": "m"}}).encode()
    refused(keeper(MINE, accessKeyId="of-the-store", secretAccessKey="xxxx"), data)
    said = (tmp_path / "env").read_text()
    assert "AWS_ACCESS_KEY_ID=of-the-store" in said
    assert "of-the-controller" not in said
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token")
    refused(keeper(MINE, {"identity": "machine"}), data)
    said = (tmp_path / "env").read_text()
    assert "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/token" in said
    assert "of-the-controller" not in said


def test_a_sops_that_is_missing_or_old(tmp_path: Path, keeper: Keeper) -> None:
    data = yaml.safe_dump({"a": "ENC[x]", "sops": {"kms": [KMS], "mac": "m"}}).encode()
    script(tmp_path, "exit 0")
    (tmp_path / "bin/sops").write_text("#!/bin/sh\necho sops 3.8.1\n")
    assert "sops 3.13.0 or newer, and this machine has 3.8.1" in str(refused(keeper(MINE), data))
    (tmp_path / "bin/sops").unlink()
    assert "need the program sops" in str(refused(keeper(MINE), data))


def test_on_a_laptop_sops_has_the_users_own_environment(
    sops: Sops, pgp: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = sops.encrypted("a.yaml", PLAIN, keys=("--pgp", pgp[0]))
    monkeypatch.setenv("GNUPGHOME", sops.env["GNUPGHOME"])
    assert UserKeeper().opened(data, "yaml", []) == OPENED
    assert UserKeeper().opened(sops.encrypted("b.yaml", PLAIN, "--age", new_key().recipient), "yaml", []) is None
