"""What only SQLite can do to us: locks of other processes, a full disk, a connection that has become read-only."""

from __future__ import annotations

import resource
import stat
from pathlib import Path

import pytest

from windlass.clock import VirtualClock
from windlass.errors import LedgerError
from windlass.store.ledger import Ledger
from windlass.store.opening import database


@pytest.fixture
def sqlite_ledger(tmp_path, clock: VirtualClock):
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db", clock=clock, patience=0.2) as made:
        made.writer.take_over("me", 1)
        yield made


def test_a_lock_that_somebody_else_holds_is_waited_for(sqlite_ledger, tmp_path) -> None:
    other = database(f"sqlite:///{tmp_path}/ledger.db").connect()
    other.begin()
    future = sqlite_ledger.writer.submit(lambda tx: tx.add_event("run", "r", {}))
    assert sqlite_ledger.reads.newest_event() == 0  # readers do not wait
    other.commit()
    assert future.result(20) == 1
    other.close()


def test_a_connection_that_has_become_read_only_is_replaced(sqlite_ledger) -> None:
    sqlite_ledger.writer._connected()._raw.execute("PRAGMA query_only=ON")
    assert sqlite_ledger.writer.write(lambda tx: tx.add_event("run", "r", {})) == 1


def test_a_disk_without_room_is_an_error_and_room_ends_it(sqlite_ledger, tmp_path, runs) -> None:
    """D02. The limit of file sizes stands in for the full disk: the system refuses each write beyond it."""
    runs.insert(sqlite_ledger)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    big = runs.head(outputs={"text": "x" * 3_000_000})
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(LedgerError, match="cannot be written"):
            runs.insert(sqlite_ledger, big)
        assert sqlite_ledger.reads.count_open() == 1  # what was there can still be read
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    runs.insert(sqlite_ledger, big)
    assert sqlite_ledger.reads.count_open() == 2


def test_the_file_is_for_its_owner_alone(sqlite_ledger, tmp_path, runs) -> None:
    runs.insert(sqlite_ledger)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path(tmp_path).iterdir()}
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_it_is_kept_as_the_design_says(sqlite_ledger) -> None:
    raw = sqlite_ledger.writer._connected()._raw
    settings = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert settings == {"journal_mode": "wal", "synchronous": 1}
    assert raw.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert raw.execute("PRAGMA busy_timeout").fetchone()[0] >= 5000


def test_a_file_that_is_no_database_is_refused(tmp_path) -> None:
    (tmp_path / "ledger.db").write_text("kind: Workflow\n" * 100)
    with pytest.raises(LedgerError):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert (tmp_path / "ledger.db").read_text() == "kind: Workflow\n" * 100


def test_a_folder_that_is_missing_is_an_error_that_names_it(tmp_path) -> None:
    with pytest.raises(LedgerError, match="missing"):
        Ledger.open(f"sqlite:///{tmp_path}/missing/ledger.db")


def test_a_name_with_every_kind_of_character_is_taken(tmp_path) -> None:
    folder = tmp_path / "a b#c?d&é"
    folder.mkdir()
    Ledger.open(f"sqlite:///{folder}/ledger.db").close()
    assert (folder / "ledger.db").exists()
