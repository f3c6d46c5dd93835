"""The log: bytes as written, in order, whole (promise R22; catalogue: L02, L05)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from windlass.executors.attempt_folder.log_file import LogFile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.executors.conftest import Local


def test_both_streams_are_one_in_order(local: Local) -> None:
    local.end("echo one; echo two >&2; echo three > /dev/stderr; echo four > /dev/stdout; echo five")
    assert local.log() == b"one\ntwo\nthree\nfour\nfive\n"


def test_l02_bytes_stay_bytes(local: Local) -> None:
    local.end(r"printf 'a\000\377\r\n\303'; printf 'no newline'")
    assert local.log() == b"a\0\xff\r\n\xc3no newline"


def test_much_output_is_complete_when_the_end_is_told(local: Local) -> None:
    local.end("seq 1 300000")
    assert local.log().count(b"\n") == 300_000
    assert local.log().endswith(b"\n300000\n")


def test_it_grows_while_the_program_runs(local: Local) -> None:
    executor = local.executor()
    launch = local.launch("echo early; sleep 100")
    executor.start([launch])
    local.seen.started(launch.key)
    path = executor.log_path(launch.key)
    assert path is not None
    while path.read_bytes() != b"early\n":
        pass


def test_l05_a_program_that_closes_its_output_is_waited_for(local: Local) -> None:
    assert local.end("echo before; exec >&- 2>&-; sleep 0.2; exit 9").exit_code == 9
    assert local.log() == b"before\n"


def test_a_full_disk_leaves_a_line_in_the_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogFile(os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND))
    log.write(b"one\n")
    full = True
    real = os.write

    def write(fd: int, data: bytes) -> int:
        if full:
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr("windlass.executors.attempt_folder.log_file.os.write", write)
    log.write(b"two\n")
    log.write(b"three\n")
    full = False
    log.write(b"four\n")
    log.close()
    assert (tmp_path / "log").read_bytes() == (b"one\n\nwindlass: 10 bytes of output could not be stored here\nfour\n")
    assert log.complaint == "the log is incomplete: No space left on device"
