"""Keys of the own store: the first seals, all of them open; the file of the data folder is its owner's alone."""

from __future__ import annotations

import base64
import os
import stat
from typing import TYPE_CHECKING

import pytest

from windlass.errors import SecretError, UsageError, WindlassError
from windlass.secrets.key_ring import OWN_FILE, KeyRing, OwnFile, key_id, keys_of, ring_of_sources
from windlass.settings import SecretSource

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"o" * 32, b"n" * 32


def line(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_the_first_seals_and_all_open() -> None:
    by, wrapped = KeyRing([OLD]).wrap(b"data", b"place")
    both = KeyRing([NEW, OLD])
    assert both.unwrap(by, wrapped, b"place") == b"data"
    assert both.wrap(b"data", b"place")[0] == key_id(NEW) == both.current
    with pytest.raises(SecretError, match="is none of the keys"):
        KeyRing([NEW]).unwrap(by, wrapped, b"place")
    with pytest.raises(WindlassError, match="sealed by another key, or changed"):
        both.unwrap(by, wrapped, b"another place")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no key"), ("# only\n\n", "holds no key"), (line(b"short"), "line 1 is no key"),
     (f"{line(OLD)}\nhunter22", "line 2 is no key")],
)  # fmt: skip
def test_what_is_no_key_is_refused_and_not_repeated(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        keys_of(text, "here")
    assert "hunter22" not in str(error.value)


def test_keys_of_the_server_file_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "two").write_text(f"# of today\n{line(NEW)}\n{line(OLD)}\n")
    monkeypatch.setenv("THIRD", line(b"t" * 32))
    ring = ring_of_sources([SecretSource(file=tmp_path / "two"), SecretSource(env="THIRD")])
    assert ring.ids == [key_id(NEW), key_id(OLD), key_id(b"t" * 32)]


def test_the_own_file_is_made_once_and_grows_and_shrinks(tmp_path: Path) -> None:
    file = OwnFile(tmp_path)
    first = file.ring().current
    assert OwnFile(tmp_path).ring().current == first
    assert stat.S_IMODE((tmp_path / OWN_FILE).stat().st_mode) == 0o600
    file.add()
    assert file.ring().ids[1:] == [first]
    file.keep_only([first])
    assert len(file.ring().ids) == 2
    file.keep_only([])
    assert len(file.ring().ids) == 1 and file.ring().current != first
    assert os.listdir(tmp_path / "keys") == ["store.keys"]
