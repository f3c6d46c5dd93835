"""What the ledger keeps of a secret opens with the key of the data folder, for its own run and name, and else never."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.errors import WindlassError
from windlass.secrets.sealing import Sealer


def test_it_opens_for_its_own_run_and_name_alone(tmp_path: Path) -> None:
    sealer = Sealer.of(tmp_path)
    sealed = sealer.seal("01RUN", "inputs.token", "hunter22 ö")
    assert b"hunter" not in sealed
    assert sealed != sealer.seal("01RUN", "inputs.token", "hunter22 ö")
    assert Sealer.of(tmp_path).open("01RUN", "inputs.token", sealed) == "hunter22 ö"
    for run, name, changed in (
        ("02RUN", "inputs.token", sealed),
        ("01RUN", "inputs.other", sealed),
        ("01RUN", "inputs.token", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("01RUN", "inputs.token", b""),
    ):
        with pytest.raises(WindlassError, match="sealed by another key, or changed"):
            sealer.open(run, name, changed)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    Sealer.of(tmp_path)
    path = tmp_path / "keys/seal.key"
    before = path.read_bytes()
    Sealer.of(tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["seal.key"]
    assert oct(path.stat().st_mode)[-3:] == "600"
    path.write_bytes(b"short")
    with pytest.raises(WindlassError, match="is no key: it has 5 bytes"):
        Sealer.of(tmp_path)
