"""What was done to a file, or is not for us, is refused with its own cause, and the message holds no value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.sops import new_key

from windlass.errors import SecretError
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.opening import open_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sops import Key, Sops

PLAIN = "first: hunter22\nsecond: correct-horse\nopen_unencrypted: staple\nlist: [battery, charge]\n"
Change = "Callable[[dict[str, Any]], object]"


def swap(tree: dict[str, Any]) -> None:
    tree["first"], tree["second"] = tree["second"], tree["first"]


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "swapped": swap,
    "removed": lambda tree: tree.pop("second"),
    "plain added": lambda tree: tree.update(added_unencrypted="x"),
    "plain changed": lambda tree: tree.update(open_unencrypted="changed"),
    "plain instead": lambda tree: tree.update(first="mine"),
    "a list in another order": lambda tree: tree["list"].reverse(),
    "the type relabelled": lambda tree: tree.update(first=tree["first"].replace("type:str", "type:comment")),
    "another type": lambda tree: tree.update(first=tree["first"].replace("type:str", "type:int")),
    "no MAC": lambda tree: tree["sops"].pop("mac"),
    "an empty MAC": lambda tree: tree["sops"].update(mac=""),
    "a plain MAC": lambda tree: tree["sops"].update(mac="0" * 128),
    "an old date": lambda tree: tree["sops"].update(lastmodified="2020-01-01T00:00:00Z"),
    "MAC of encrypted only": lambda tree: tree["sops"].update(mac_only_encrypted=True),
    "nothing encrypted": lambda tree: tree["sops"].update(encrypted_regex="^none$", unencrypted_suffix=""),
    "two rules": lambda tree: tree["sops"].update(encrypted_regex="^first$"),
    "a slow rule": lambda tree: tree["sops"].update(encrypted_regex="^(a+)+$", unencrypted_suffix=""),
    "rules by comments": lambda tree: tree["sops"].update(encrypted_comment_regex="x", unencrypted_suffix=""),
    "an age part cut off": lambda tree: tree["sops"]["age"][0].update(enc=tree["sops"]["age"][0]["enc"][:200]),
    "no metadata": lambda tree: tree.pop("sops"),
    "metadata that is a list": lambda tree: tree.update(sops=["x"]),
    "groups that are none": lambda tree: tree["sops"].update(key_groups=["x"]),
    "a threshold that is none": lambda tree: tree["sops"].update(shamir_threshold=["x"]),
    "base64 that is none": lambda tree: tree.update(first=tree["first"].replace("iv:", "iv:%")),
    "deep": lambda tree: tree.update(deep=json.loads("[" * 150 + "]" * 150)),
}


def refused(data: bytes, *keys: Key, format_: str = "yaml") -> SecretError:
    with pytest.raises(SecretError) as error:
        open_file(data, format_, [one for key in keys for one in read_keys(key.secret, "here")])
    for value in ("hunter22", "correct-horse", "battery"):
        assert value not in str(error.value)
    assert error.value.__cause__ is None or "hunter22" not in repr(error.value.__cause__)
    return error.value


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed(sops: Sops, key: Key, change: str) -> None:
    tree = yaml.safe_load(sops.encrypted("a.yaml", PLAIN))
    CHANGES[change](tree)
    assert refused(yaml.safe_dump(tree, sort_keys=False).encode(), key).cause == "secret-failed"


def test_a_file_that_is_cut_off_anywhere(sops: Sops, key: Key) -> None:
    data = sops.encrypted("a.yaml", PLAIN)
    for end in range(0, len(data) - 60, 97):
        assert refused(data[:end], key).cause in ("secret-failed", "secret-denied")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"a", b"\xff\xfe", b"a: &x [b]\nc: *x\nsops: {mac: x}", b"a: 1\na: 2\nsops: {mac: x}",
        b"? [a]\n: b\nsops: {mac: x}", b"a: !!python/object:os.system x\nsops: {mac: x}", b"a: [\n" * 100_000,
        b"sops: {mac: x}\n", b"sops: {mac: x, age: x}\n", b"sops: {mac: x, age: [x]}\n",
        b"sops: {mac: x, age: [{recipient: r, enc: x}]}\n", b"1: a\nsops: {mac: x}\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("format_", ["yaml", "json", "dotenv", "binary"])
def test_what_is_no_such_file(key: Key, data: bytes, format_: str) -> None:
    assert refused(data, key, format_=format_).cause in ("secret-failed", "secret-denied")


def test_another_key(sops: Sops, key: Key) -> None:
    data, other = sops.encrypted("a.yaml", PLAIN), new_key()
    error = refused(data, other)
    assert error.cause == "secret-denied"
    assert key.recipient in str(error)
    assert other.recipient in str(error)
    assert other.secret not in str(error)
    assert "no age key was given" in str(refused(data))


def test_a_file_that_names_keys_of_its_own_is_not_followed(sops: Sops, key: Key) -> None:
    """S05: whom a file names is told, and nobody else is asked for it."""
    tree = yaml.safe_load(sops.encrypted("a.yaml", PLAIN))
    tree["sops"]["age"] = []
    tree["sops"]["kms"] = [{"arn": "arn:aws:kms:eu:1:key/x", "role": "arn:evil", "enc": "x", "aws_profile": "admin"}]
    tree["sops"]["hc_vault"] = [{"vault_address": "http://169.254.169.254:8200", "enc": "x"}]
    error = refused(yaml.safe_dump(tree).encode(), key)
    assert error.cause == "secret-denied"
    assert "AWS KMS arn:aws:kms:eu:1:key/x" in str(error)
    assert "no such key is given to this repository" in str(error)


@pytest.mark.parametrize(
    "text", ["AGE-SECRET-KEY-1QQQ", "AGE-SECRET-KEY-PQ-1ABC", "hunter22", "-----BEGIN X-----\nhunter22"]
)
def test_a_key_that_is_none_is_not_repeated(text: str) -> None:
    with pytest.raises(SecretError, match=re.escape("keys.txt")) as error:
        read_keys(f"# made by age-keygen\n{text}\n" if "BEGIN" not in text else text, "keys.txt")
    assert text.splitlines()[-1] not in str(error.value)
