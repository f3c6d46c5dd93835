"""The search for secret values at the end of a session finds each way to leave one, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT = """
import base64, json, os, subprocess, sys
from pathlib import Path
from urllib.parse import quote
import pytest
from tests import canary, remains
from tests.slow.waiting import until

VALUE = canary.secret("left", "+&é")
OTHER = canary.registered("made-by-somebody-else/1", "other")

def test_as_it_is(tmp_path):
    (tmp_path / "log").write_text("x" * 9_000_000 + VALUE)

@pytest.mark.parametrize("before", range(3))
def test_base64(tmp_path, before):
    (tmp_path / "log").write_bytes(b"ab" + base64.b64encode(b"." * before + OTHER.encode() + b"!"))
    (tmp_path / "log2").write_bytes(b"ab" + base64.b64encode(b"." * before + VALUE.encode() + b"!"))

def test_sparse(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.seek(1 << 42)
        file.write(VALUE.encode())
        file.truncate(1 << 43)

def test_escaped(tmp_path):
    (tmp_path / "url").write_text(quote(OTHER, safe=""))
    (tmp_path / "hex").write_text(VALUE.encode().hex())

def test_removed(tmp_path):
    (tmp_path / "gone").write_text(VALUE)
    remains.search(tmp_path)
    (tmp_path / "gone").unlink()

def test_answered():
    canary.seen(json.dumps({"a": VALUE}), "an answer")

def test_arguments(tmp_path):
    line = "import os, sys, time\\nwhile not os.path.exists(sys.argv[2]): time.sleep(0.01)"
    process = subprocess.Popen([sys.executable, "-c", line, VALUE, tmp_path / "go"])
    until(lambda: any("arguments" in line for line, _ in canary.recorded("found")))
    (tmp_path / "go").touch()
    process.wait()

def test_kept(tmp_path):
    canary.keeps(tmp_path / "input").write_text(VALUE)
    (tmp_path / "link").symlink_to(tmp_path / "input")

def test_nothing(tmp_path):
    (tmp_path / "log").write_text("***")
"""


def session(folder: Path, chosen: str, *words: str) -> tuple[int, str]:
    """A session of its own, with its own values: its exit code, and what it says."""
    (folder / "test_left.py").write_text(LEFT)
    (folder / "pytest.ini").write_text("[pytest]\n")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("CANARY_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "tests.session_end", "-p", "no:cacheprovider", "-q", "-k", chosen]
    command += ["-c", folder / "pytest.ini", "--basetemp", folder / "base", *words, folder / "test_left.py"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_all_that_was_left_is_told_without_the_value(tmp_path: Path) -> None:
    code, said = session(tmp_path, "not nothing", "-n", "2")
    assert code == 1, said
    told = said.partition("secret values that were left")[2]
    base = tmp_path / "base"
    found = {line.replace(f"{base}/", "") for line in told.splitlines() if ": the value " in line}
    places = {line.partition("/")[2].partition(":")[0] if line.startswith("popen") else line for line in found}
    assert {
        "test_as_it_is0/log", "test_base64_0_0/log", "test_base64_1_0/log", "test_base64_2_0/log",
        "test_base64_0_0/log2", "test_base64_1_0/log2", "test_base64_2_0/log2", "test_escaped0/url",
        "test_escaped0/hex", "test_removed0/gone", "test_sparse0/sparse",
    } <= places, told  # fmt: skip
    assert "log:9000000: the value left, as it is" in told
    assert f"sparse:{1 << 42}: the value left, as it is" in told
    assert "url:0: the value other, percent-encoded" in told
    assert "an answer:7: the value left, as it is [test_left.py::test_answered]" in told
    assert "the arguments of a process:" in told
    assert "test_kept" not in told
    assert "made-by-somebody-else" not in told
    assert "wlc" not in told


@pytest.mark.parametrize("words", [(), ("-n", "1")])
def test_a_session_that_left_nothing_passes(tmp_path: Path, words: tuple[str, ...]) -> None:
    code, said = session(tmp_path, "nothing or kept", *words)
    assert (code, "2 passed" in said, "were left" in said) == (0, True, False), said
