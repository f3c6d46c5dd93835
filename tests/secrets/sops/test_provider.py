"""`ref+sops://…`: an entry of a file of the run's own commit, and of no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windlass.errors import SecretError, SourceError
from windlass.secrets.base import Origin
from windlass.secrets.reference import parse_reference
from windlass.secrets.sops.age import read_keys
from windlass.secrets.sops.provider import SopsProvider
from windlass.sources.one_file import file_of_work_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sops import Key, Sops

HERE = Origin("shop", None)
PLAIN = """\
db: {password: hunter22, port: 54321, ratio: 0.25, ready: true, none: null, "a/b": slashed}
list: [{name: first}, second]
"""


class Asked:
    """A work tree whose files are counted when they are read."""

    def __init__(self, root: Path, key: Key) -> None:
        self.root = root
        self.reads: list[str] = []
        self.provider = SopsProvider(self._read, lambda *_: read_keys(key.secret, "here"))

    def _read(self, _origin: Origin, path: str, most: int) -> bytes | None:
        self.reads.append(path)
        return file_of_work_tree(self.root, path, most)

    def value(self, text: str, origin: Origin = HERE) -> str:
        return self.provider.value(parse_reference(text), origin)

    def cause(self, text: str) -> str:
        with pytest.raises(SecretError) as error:
            self.value(text)
        return error.value.cause


@pytest.fixture
def asked(sops: Sops, key: Key, tmp_path: Path) -> Asked:
    root = tmp_path / "repo"
    (root / "secrets").mkdir(parents=True)
    (root / "secrets/all.yaml").write_bytes(sops.encrypted("all.yaml", PLAIN))
    (root / "secrets/key.pem").write_bytes(sops.encrypted("key.pem", b"-----BEGIN\nx\n"))
    (root / "secrets/raw.bin").write_bytes(sops.encrypted("raw.bin", b"\xff\xfe\xfd\xfc"))
    return Asked(root, key)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("/db/password", "hunter22"), ("/db/port", "54321"), ("/db/ratio", "0.25"), ("/db/ready", "true"),
        ("/db/a~1b", "slashed"), ("/list/0/name", "first"), ("/list/1", "second"),
    ],
)  # fmt: skip
def test_an_entry_as_text(asked: Asked, entry: str, value: str) -> None:
    assert asked.value(f"ref+sops://secrets/all.yaml#{entry}") == value


def test_a_whole_file(asked: Asked) -> None:
    assert asked.value("ref+sops://./secrets/key.pem") == "-----BEGIN\nx\n"
    raw = asked.value("ref+sops://secrets/raw.bin")
    assert raw.encode("utf-8", "surrogateescape") == b"\xff\xfe\xfd\xfc", "as a file it is given byte for byte"


def test_many_entries_cost_one_opening(asked: Asked) -> None:
    for _ in range(3):
        asked.value("ref+sops://secrets/all.yaml#/db/password")
        asked.value("ref+sops://secrets/all.yaml#/list/1")
    assert asked.reads == ["secrets/all.yaml"]
    asked.value("ref+sops://secrets/all.yaml#/list/1", Origin("shop", "c" * 40))
    assert len(asked.reads) == 2, "another commit is another file"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("ref+sops://secrets/none.yaml#/a", "secret-not-found"),
        ("ref+sops://secrets/all.yaml#/db/nobody", "secret-not-found"),
        ("ref+sops://secrets/all.yaml#/list/2", "secret-not-found"),
        ("ref+sops://secrets/all.yaml#/list/-1", "secret-not-found"),
        ("ref+sops://secrets/all.yaml#/db/password/x", "secret-not-found"),
        ("ref+sops://secrets/all.yaml#/db", "secret-failed"),
        ("ref+sops://secrets/all.yaml", "secret-failed"),
        ("ref+sops://secrets/all.yaml?format=toml#/db", "secret-failed"),
        ("ref+sops://secrets/all.yaml?keyservice=tcp://evil:1#/db/password", "secret-denied"),
        ("ref+sops://secrets/all.ini#/a", "secret-failed"),
    ],
)
def test_what_is_not_there(asked: Asked, text: str, cause: str) -> None:
    assert asked.cause(text) == cause


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../other/all.yaml", "secrets/../../x", "secrets/%2e%2e/%2e%2e/x", "~/.ssh/id", ".git/config", "",
     "secrets\\..\\x", "%2fetc%2fpasswd", "a%00b"],
)  # fmt: skip
def test_what_is_outside_is_not_even_looked_at(asked: Asked, path: str) -> None:
    assert asked.cause(f"ref+sops://{path}#/a") == "secret-denied"
    assert asked.reads == []


def test_links_are_not_followed(asked: Asked) -> None:
    outside = asked.root.parent / "outside.yaml"
    outside.write_bytes((asked.root / "secrets/all.yaml").read_bytes())
    (asked.root / "link.yaml").symlink_to(outside)
    (asked.root / "folder").symlink_to(asked.root.parent)
    (asked.root / "fifo.yaml").mkdir()
    for path in ("link.yaml", "folder/outside.yaml", "fifo.yaml"):
        assert asked.cause(f"ref+sops://{path}#/db/password") == "secret-failed"


def test_a_file_that_is_too_large(asked: Asked) -> None:
    with (asked.root / "large.yaml").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    with pytest.raises(SourceError):
        file_of_work_tree(asked.root, "large.yaml", 1024)
    assert asked.cause("ref+sops://large.yaml#/a") == "secret-failed"
