"""Files that are encrypted here are files of sops: it opens them to the same values, edits them, rotates their keys."""

from __future__ import annotations

import json
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import keeps
from tests.secrets.sops.test_real_sops import EVERYTHING as EVERY_TYPE
from tests.secrets.sops.test_real_sops import by_sops, made_up, opened, same
from tests.sops import new_key

from windlass.errors import SecretError, UsageError
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.creation import Rule, rule_for
from windlass.secrets.sops.emitting import emitted
from windlass.secrets.sops.opening import open_file
from windlass.secrets.sops.plain import read_plain
from windlass.secrets.sops.shamir import combine, split
from windlass.secrets.sops.trees import format_of
from windlass.secrets.sops.writing import encrypted_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sops import Key, Sops

EVERYTHING = EVERY_TYPE.replace("infinite: .inf\n", "")  # sops prints it as YAML alone


def written(plain: str | bytes, name: str, rule: Rule) -> bytes:
    data = plain if isinstance(plain, bytes) else plain.encode()
    document, _ = read_plain(data, format_of(name))
    return emitted(encrypted_tree(document, rule), format_of(name))


def for_one(key: Key, **options: Any) -> Rule:
    return Rule(((key.recipient,),), **options)


def test_every_type_of_yaml(sops: Sops, key: Key) -> None:
    data = written(EVERYTHING, "all.yaml", for_one(key))
    found = opened(data, "all.yaml", key)
    assert same(found, by_sops(sops, data, "all.yaml"))
    theirs = sops.encrypted("theirs.yaml", EVERYTHING)
    assert same(found, opened(theirs, "theirs.yaml", key)), "as if sops had encrypted the plain file"
    assert b"hunter22" not in data
    assert b"age-encryption.org" in data or b"BEGIN AGE" in data


@pytest.mark.parametrize("seed", range(6))
def test_generated_files(sops: Sops, key: Key, seed: int) -> None:
    chance = random.Random(100 + seed)
    plain = json.dumps({f"k{n}": made_up(chance) for n in range(40)}, ensure_ascii=False)
    name = ("made.yaml", "made.json")[seed % 2]
    data = written(plain, name, for_one(key))
    assert same(opened(data, name, key), by_sops(sops, data, name))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.env", 'A=b\nEMPTY=\nQUOTED="x y"\nEQUALS=a=b=\nLINES=one\\ntwo\nÜ=ö\nopen_unencrypted=x\n'),
        ("key.pem", "-----BEGIN KEY-----\nabc\n"),
        ("odd.bin", "ä🔑\x01"),
        ("a.json", '{"a": 1, "b": [1.5, true, null, "", {}], "ü": "\\u2028\\ud83d\\udd11"}'),
    ],
)
def test_other_formats(sops: Sops, key: Key, name: str, plain: str) -> None:
    data = written(plain, name, for_one(key))
    found = opened(data, name, key)
    if format_of(name) == "binary":
        (sops.folder / name).write_bytes(data)
        assert sops.run("decrypt", name).decode() == plain == found["data"]
    else:
        assert same(found, by_sops(sops, data, name))


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [("encrypted_regex", "^(text|nested)$"), ("unencrypted_regex", "^number"), ("encrypted_suffix", "_secret"),
     ("unencrypted_suffix", "_open")],
)  # fmt: skip
@pytest.mark.parametrize("only", [False, True])
def test_rules(sops: Sops, key: Key, rule: str, pattern: str, only: bool) -> None:
    data = written(EVERYTHING, "all.yaml", for_one(key, rule=rule, pattern=pattern, mac_only_encrypted=only))
    assert same(opened(data, "all.yaml", key), by_sops(sops, data, "all.yaml"))


def test_sops_edits_and_rotates_it(sops: Sops, key: Key) -> None:
    (sops.folder / "a.yaml").write_bytes(written("a: hunter22\nb: {c: [1, 2]}\n", "a.yaml", for_one(key)))
    sops.run("set", "a.yaml", '["b"]["d"]', '"added"')
    other = new_key()
    rotated = sops.run("rotate", "--add-age", other.recipient, "a.yaml")
    assert opened(rotated, "a.yaml", other) == {"a": "hunter22", "b": {"c": [1, 2], "d": "added"}}


def test_several_recipients_and_key_groups(sops: Sops, key: Key) -> None:
    second, third = new_key(), new_key()
    both = written("a: hunter22\n", "a.yaml", Rule(((second.recipient, key.recipient),)))
    assert opened(both, "a.yaml", second) == by_sops(sops, both, "a.yaml") == {"a": "hunter22"}
    data = written("a: hunter22\n", "a.yaml", Rule(((second.recipient,), (third.recipient,), (key.recipient,)), 2))
    assert opened(data, "a.yaml", second, key) == opened(data, "a.yaml", key, third) == {"a": "hunter22"}
    with pytest.raises(SecretError, match="2 of its 3 key groups are needed"):
        opened(data, "a.yaml", key)
    keeps(sops.folder / "keys.txt").write_text(f"{key.secret}\n{third.secret}\n")
    (sops.folder / "a.yaml").write_bytes(data)
    environment = {"SOPS_AGE_KEY_FILE": str(sops.folder / "keys.txt"), "HOME": str(sops.folder)}
    said = subprocess.run(
        [sops.binary, "decrypt", "a.yaml"], cwd=sops.folder, env=environment, capture_output=True, check=False
    )
    assert said.stdout == b"a: hunter22\n", said.stderr


@pytest.mark.parametrize(("parts", "threshold"), [(2, 2), (3, 2), (5, 3), (5, 5)])
def test_shares(parts: int, threshold: int) -> None:
    secret = random.Random(parts).randbytes(32)
    shares = split(secret, parts, threshold)
    assert combine(shares[-threshold:]) == secret == combine(random.Random(1).sample(shares, threshold))
    if threshold > 2:
        assert combine(shares[: threshold - 1]) != secret


def test_ssh_recipients(sops: Sops, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    public = (tmp_path / "id.pub").read_text().strip()
    data = written("a: hunter22\n", "a.yaml", Rule(((public,),)))
    assert open_file(data, "yaml", read_keys((tmp_path / "id").read_text(), "id")) == {"a": "hunter22"}
    (sops.folder / "a.yaml").write_bytes(data)
    environment = {"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(tmp_path / "id"), "HOME": str(sops.folder)}
    said = subprocess.run(
        [sops.binary, "decrypt", "a.yaml"], cwd=sops.folder, env=environment, capture_output=True, check=False
    )
    assert said.stdout == b"a: hunter22\n", said.stderr


def test_nothing_is_encrypted_twice_the_same(key: Key) -> None:
    once, again = (written("a: hunter22\n", "a.yaml", for_one(key)) for _ in range(2))
    assert once.splitlines()[0] != again.splitlines()[0]


@pytest.mark.parametrize("plain", ["", "a: 1\n---\nb: 2\n", "- a\n", "a: &x 1\nb: *x\n", "a: [\n", "sops: {mac: x}\n"])
def test_what_is_not_encrypted(plain: str) -> None:
    with pytest.raises(SecretError):
        read_plain(plain.encode(), "yaml")


CONFIG = """
creation_rules:
  - path_regex: open/
    kms: arn:aws:kms:eu-central-1:1:key/a
  - path_regex: groups/
    shamir_threshold: 2
    key_groups: [{age: [FIRST]}, {age: [FIRST, SECOND]}]
  - path_regex: secrets/.*\\.yaml$
    encrypted_regex: ^data$
    mac_only_encrypted: true
    age: FIRST, SECOND
  - age: [SECOND]
"""


def test_creation_rules(tmp_path: Path) -> None:
    first, second = new_key().recipient, new_key().recipient
    (tmp_path / ".sops.yaml").write_text(CONFIG.replace("FIRST", first).replace("SECOND", second))
    (tmp_path / "secrets/inner").mkdir(parents=True)
    found = rule_for(tmp_path / "secrets/inner/a.yaml")
    assert found == Rule(((first, second),), 1, "encrypted_regex", "^data$", True)
    assert rule_for(tmp_path / "a.env").groups == ((second,),)
    assert rule_for(tmp_path / "groups/a.yaml") == Rule(((first,), (first, second)), 2)
    with pytest.raises(UsageError, match=r"rule 1 is for kms too"):
        rule_for(tmp_path / "open/a.yaml")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("creation_rules: []\n", "has no creation rule for a.yaml"),
        ("creation_rules: [{path_regex: b}]\n", "has no creation rule"),
        ("creation_rules: [{path_regex: '('}]\n", "path_regex is none"),
        ("creation_rules: [{pgp: x}]\n", "is for pgp too"),
        ("creation_rules: [{}]\n", "names no age recipient"),
        ("creation_rules: [{age: x, shamir_threshold: 2}]\n", "shamir_threshold"),
        ("creation_rules: [{age: x, encrypted_regex: a, encrypted_suffix: b}]\n", "several rules"),
        ("creation_rules: [{age: x, encrypted_comment_regex: a}]\n", "by comments"),
        ("creation_rules: [\n", "cannot be used"),
    ],
)
def test_creation_rules_that_cannot_be_followed(tmp_path: Path, config: str, message: str) -> None:
    (tmp_path / ".sops.yaml").write_text(config)
    with pytest.raises(UsageError, match=message):
        rule_for(tmp_path / "a.yaml")


def test_a_recipient_that_is_none(key: Key) -> None:
    for recipient in ("age1nobody", "ssh-ed25519 nonsense", key.secret):
        with pytest.raises(UsageError, match="is no age recipient") as error:
            written("a: 1\n", "a.yaml", Rule(((recipient,),)))
        assert key.secret not in str(error.value)
