"""The warden's log and outputs: nothing of a secret reaches the disk, and a limit is still seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from windlass.executors.attempt_folder.log_file import LogFile
from windlass.executors.local.masked import MaskedLog, mask_outputs
from windlass.executors.local.scanned import ScannedLog
from windlass.masking import Mask


def test_a_log_is_masked_over_writes_and_complete_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = MaskedLog(LogFile(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)), ["swordfish"])
    for part in (b"say sword", b"fish and ", b"swo"):
        log.write(part)
    assert path.read_bytes() == b"say *** and "
    log.close()
    assert path.read_bytes() == b"say *** and swo"
    assert log.complaint is None


def test_outputs_are_written_anew_when_they_hold_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_bytes(b"a=1\n")
    before = path.stat().st_ino
    mask_outputs(str(path), Mask(["swordfish"]), 100)
    assert path.stat().st_ino == before
    path.write_bytes(b"a=1\nb=swordfish!\n")
    mask_outputs(str(path), Mask(["swordfish"]), 100)
    assert path.read_bytes() == b"a=1\nb=***!\n"


def test_what_was_too_large_stays_too_large(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_bytes(b"a=" + b"swordfish" * 100)
    mask_outputs(str(path), Mask(["swordfish"]), 50)
    found = path.read_bytes()
    assert len(found) == 51
    assert b"sword" not in found


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"swordfish")
    (tmp_path / "output").symlink_to("other")
    with pytest.raises(OSError, match="symbolic"):
        mask_outputs(str(tmp_path / "output"), Mask(["swordfish"]), 50)
    assert (tmp_path / "other").read_bytes() == b"swordfish"


def test_what_hides_is_made_when_there_is_something_to_hide(tmp_path: Path) -> None:
    """No program waits for it to start."""
    made = []

    def hiding(log: LogFile, masks: list[str]) -> MaskedLog:
        made.append(masks)
        return MaskedLog(log, masks)

    path = tmp_path / "log"
    log = ScannedLog(LogFile(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)), hiding, ["swordfish"])
    assert (log.size, made) == (0, [])
    log.write(b"it is swordfish\n")
    assert made == [["swordfish"]]
    assert log.mask is not None
    log.close()
    assert path.read_bytes() == b"it is ***\n"
    silent = ScannedLog(LogFile(os.open(path, os.O_WRONLY)), hiding, ["hunter22"])
    silent.close()
    assert silent.mask is not None, "its outputs may hold what its log does not"
    assert silent.mask.whole(b"hunter22") == b"***"
    none = ScannedLog(LogFile(os.open(path, os.O_WRONLY)), hiding, [])
    none.close()
    assert none.mask is None
