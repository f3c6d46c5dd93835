"""Files of the real sops are opened to the same values that sops itself prints; what we refuse, sops refuses."""

from __future__ import annotations

import json
import random
import string
from typing import TYPE_CHECKING, Any

import pytest
from tests.sops import new_key

from windlass.errors import SecretError
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.opening import open_file
from windlass.secrets.sops.trees import format_of

if TYPE_CHECKING:
    from tests.sops import Key, Sops

EVERYTHING = """\
# a comment at the top
text: hunter22 # behind a value
empty: ""
nothing: null
tilde: ~
unicode: "päßwörd 🔑 \\u0007"
lines: |
  first
  second # no comment

number: 5432
negative: -17
octal: 0o17
old octal: 017
hex: 0xff
grouped: 1_000
large: 12345678901234567
float: 1.50
exponent: 1e3
tiny: 0.0000001
big: 123456789012345680000.0
infinite: .inf
yes: yes
bool: true
shout: FALSE
word: True
date: 2024-02-29
moment: 2024-02-29T10:11:12.500Z
version: 1.2.3
range: 1-2
quoted: "5"
nested: {a: {b: [x, {c: d}, [1, 2.5, true, null]]}}
list:
  - one
  - ""
  - 2
empty map: {}
empty list: []
key with:colon: c
plain_unencrypted: 2024-02-29
number_unencrypted: 007
float_unencrypted: 1.10
big_unencrypted: 1.5e22
small_unencrypted: 1e-7
bool_unencrypted: true
yes_unencrypted: no
null_unencrypted: null
moment_unencrypted: 2024-2-9 1:2:3.25
zone_unencrypted: 2024-02-09T01:02:03+02:00
map_unencrypted: {a: [1, "2", {b: 3.0}]}
"""


def opened(data: bytes, name: str, *keys: Key) -> dict[str, Any]:
    return open_file(data, format_of(name), [one for key in keys for one in read_keys(key.secret, "here")])


def by_sops(sops: Sops, data: bytes, name: str, *options: str) -> Any:
    """What sops makes of it, as JSON."""
    (sops.folder / name).write_bytes(data)
    return json.loads(sops.run("--disable-version-check", "decrypt", "--output-type", "json", *options, name))


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, float) and isinstance(wanted, (int, float)):
        return found == float(wanted)
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return type(found) is type(wanted) and found == wanted


RULES = [
    (),
    ("--encrypted-regex", "^(text|nested|a)$"),
    ("--unencrypted-regex", "^(text|number|list)$"),
    ("--unencrypted-suffix", "_plain"),
    ("--encrypted-suffix", "_unencrypted"),
]


@pytest.mark.parametrize("options", RULES, ids=" ".join)
def test_yaml_of_every_kind(sops: Sops, key: Key, options: tuple[str, ...]) -> None:
    text = EVERYTHING.replace("infinite: .inf\n", "")  # JSON has no word for it: below
    data = sops.encrypted("all.yaml", text, *options)
    assert same(opened(data, "all.yaml", key), by_sops(sops, data, "all.yaml"))


@pytest.mark.parametrize("rule", ["", "    encrypted_regex: ^t\n"])
def test_a_mac_of_what_is_encrypted_alone(sops: Sops, key: Key, rule: str) -> None:
    settings = f"creation_rules:\n  - age: {key.recipient}\n    mac_only_encrypted: true\n{rule}"
    (sops.folder / ".sops.yaml").write_text(settings)
    data = sops.encrypted("all.yaml", "text: hunter22\nnumber_unencrypted: 5\ntother: [1.5, true]\n", keys=())
    assert b"mac_only_encrypted: true" in data
    assert same(opened(data, "all.yaml", key), by_sops(sops, data, "all.yaml"))
    changed = data.replace(b"number_unencrypted: 5", b"number_unencrypted: 6")
    if not rule:
        assert opened(changed, "all.yaml", key)["number_unencrypted"] == 6, "sops says so too: it is not in the MAC"


def test_comments_in_lists_are_no_items(sops: Sops, key: Key) -> None:
    data = sops.encrypted("list.yaml", "list:\n  # above\n  - one # behind\n  - two\n")
    assert b"type:comment" in data
    assert opened(data, "list.yaml", key) == {"list": ["one", "two"]}


def test_what_is_no_json(sops: Sops, key: Key) -> None:
    data = sops.encrypted("odd.yaml", "infinite: .inf\nless: -.INF\ninfinite_unencrypted: .inf\n")
    assert opened(data, "odd.yaml", key)["less"] == float("-inf")


def test_json(sops: Sops, key: Key) -> None:
    plain = {
        "a": "text", "b": 5, "c": 1.25, "d": True, "e": None, "f": "", "g": [1, "x", {"h": []}], "i": {},
        "ü": "ö\n\u2028",
        "n_unencrypted": 12345678901234567890, "m_unencrypted": -3, "o_unencrypted": 1e21,
        "p_unencrypted": 9007199254740993,
    }  # fmt: skip
    data = sops.encrypted("all.json", json.dumps(plain))
    found = opened(data, "all.json", key)
    assert same(found, by_sops(sops, data, "all.json"))
    assert (found["b"], found["ü"], found["p_unencrypted"]) == (5, "ö\n\u2028", 9007199254740993)


def test_dotenv(sops: Sops, key: Key) -> None:
    plain = '# comment\nA=b\nEMPTY=\nQUOTED="x y"\nEQUALS=a=b=\nLINES=one\\ntwo\nÜ=ö\n'
    data = sops.encrypted("all.env", plain)
    found = opened(data, "all.env", key)
    assert found == by_sops(sops, data, "all.env")
    assert (found["LINES"], found["QUOTED"], found["EMPTY"]) == ("one\ntwo", '"x y"', "")


@pytest.mark.parametrize("content", [b"-----BEGIN KEY-----\nabc\n", "ä🔑".encode(), b"\x01\x02 ", b"x" * 100_000])
def test_binary(sops: Sops, key: Key, content: bytes) -> None:
    data = sops.encrypted("key.pem", content)
    (sops.folder / "key.pem").write_bytes(data)
    assert opened(data, "key.pem", key)["data"].encode() == content == sops.run("decrypt", "key.pem")


def test_several_documents(sops: Sops, key: Key) -> None:
    data = sops.encrypted("many.yaml", "a: first\n---\nb: second\n")
    assert opened(data, "many.yaml", key) == {"a": "first"}


def test_several_keys_and_rotation(sops: Sops, key: Key) -> None:
    other, third = new_key(), new_key()
    data = sops.encrypted("two.yaml", "a: hunter22\n", "--age", f"{key.recipient},{other.recipient}")
    assert opened(data, "two.yaml", other)["a"] == opened(data, "two.yaml", third, key)["a"] == "hunter22"
    (sops.folder / "two.yaml").write_bytes(data)
    rotated = sops.run("rotate", "--add-age", third.recipient, "--rm-age", other.recipient, "two.yaml")
    assert opened(rotated, "two.yaml", third)["a"] == "hunter22"
    with pytest.raises(SecretError) as refused:
        opened(rotated, "two.yaml", other)
    assert refused.value.cause == "secret-denied"
    assert third.recipient in str(refused.value)
    assert other.recipient in str(refused.value), "what was given is told too"


def groups(sops: Sops, threshold: int, *keys: Key) -> bytes:
    written = "".join(f"      - age: [{one.recipient}]\n" for one in keys)
    config = f"creation_rules:\n  - shamir_threshold: {threshold}\n    key_groups:\n{written}"
    (sops.folder / ".sops.yaml").write_text(config)
    return sops.encrypted("groups.yaml", "a: hunter22\n", keys=())


def test_key_groups(sops: Sops, key: Key) -> None:
    second, third = new_key(), new_key()
    data = groups(sops, 2, key, second, third)
    for pair in ((key, second), (third, key), (second, third), (key, second, third)):
        assert opened(data, "groups.yaml", *pair) == {"a": "hunter22"}
    with pytest.raises(SecretError, match="2 of its 3 key groups are needed") as refused:
        opened(data, "groups.yaml", second)
    assert refused.value.cause == "secret-denied"


def test_ssh_keys(sops: Sops, tmp_path: Any) -> None:
    import subprocess

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    public = (tmp_path / "id.pub").read_text().strip()
    data = sops.encrypted("ssh.yaml", "a: hunter22\n", "--age", public)
    keys = read_keys((tmp_path / "id").read_text(), "id")
    assert open_file(data, "yaml", keys) == {"a": "hunter22"}


def made_up(chance: random.Random, depth: int = 0) -> Any:
    kinds = ["text", "int", "float", "bool", "null", "odd"] + (["list", "map"] if depth < 3 else [])
    kind = chance.choice(kinds)
    if kind == "text":
        return "".join(chance.choices(string.printable + "äß€🔑\u2028", k=chance.randrange(20)))
    if kind == "int":
        return chance.randrange(-(2**63), 2**63)
    if kind == "float":
        return chance.choice([chance.random(), chance.uniform(-1e30, 1e30), chance.uniform(0, 1e-12), 0.0, -0.0])
    if kind == "odd":
        return chance.choice(
            ["yes", "null", "1_0", "0x1f", "017", "2024-01-01", "1e3", ".5", "~", "=", "<<", "ENC[", "#"]
        )
    if kind == "list":
        return [made_up(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == "map":
        return {
            f"{word}{n}": made_up(chance, depth + 1)
            for n, word in enumerate(chance.choices(["a", "b_unencrypted"], k=3))
        }
    return {"bool": chance.random() < 0.5, "null": None}[kind]


@pytest.mark.parametrize("seed", range(6))
def test_generated_files(sops: Sops, key: Key, seed: int) -> None:
    chance = random.Random(seed)
    plain = {f"k{n}": made_up(chance) for n in range(40)}
    name = ("made.yaml", "made.json")[seed % 2]
    data = sops.encrypted(name, json.dumps(plain, ensure_ascii=False))
    assert same(opened(data, name, key), by_sops(sops, data, name))
