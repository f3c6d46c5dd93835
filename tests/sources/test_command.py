"""How git is started, limited and ended."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.slow.waiting import until

from windlass.errors import SourceError
from windlass.sources.auth import Auth
from windlass.sources.command import MAX_STDERR, Limits, end_group, git_program, run_git, start_git
from windlass.sources.environment import git_environment
from windlass.sources.failure import failure, retry_after, shown
from windlass.sources.location import Location


def shell(script, **options):
    """Runs a script of the test as a git process: an alias is git's own way to start one."""
    environment = git_environment(git_program(), config={"alias.play": f"!{script}"})
    return run_git(["play"], git_dir=None, environment=environment, **options)


def reason(script, **options):
    with pytest.raises(SourceError) as caught:
        shell(script, **options)
    return caught.value.reason


def test_the_environment_is_ours_alone(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD_X", "1")
    monkeypatch.setenv("GIT_TRACE", "1")
    monkeypatch.setenv("WINDLASS_SECRET", "s3cret")
    names = {line.partition("=")[0] for line in shell("env").decode().splitlines()}
    assert not names & {"LD_PRELOAD_X", "GIT_TRACE", "WINDLASS_SECRET", "USER", "GIT_DIR", "SSH_AUTH_SOCK"}
    settings = run_git(["config", "--list", "--show-origin"], git_dir=None).decode()
    assert {line.split("\t")[0] for line in settings.splitlines()} == {"command line:"}
    assert "core.hookspath=/dev/null" in settings


@pytest.mark.parametrize(
    "protocol", ["file:///", "http://127.0.0.1:1/", "ext::true ", "git://127.0.0.1:1/", "ssh://127.0.0.1/"]
)
def test_only_the_transport_of_the_location_is_allowed(protocol):
    environment = git_environment(git_program(), Location("https://example.com/x", local=False))
    with pytest.raises(SourceError, match="not allowed"):
        run_git(["ls-remote", "--end-of-options", protocol + "x"], git_dir=None, environment=environment)


def test_a_secret_is_in_no_argument_and_ssh_uses_only_what_was_given(tmp_path):
    auth = Auth("ssh://example.com", ssh_key=tmp_path / "a key", known_hosts=tmp_path / "known hosts")
    assert 'IdentityFile="none"' in git_environment(git_program())["GIT_SSH_COMMAND"]
    command = git_environment(git_program(), Location("git@example.com:x", local=False), auth)["GIT_SSH_COMMAND"]
    asked = subprocess.run(["sh", "-c", f"{command} -G host"], capture_output=True, text=True, check=True).stdout
    settings = dict(line.split(" ", 1) for line in asked.splitlines() if " " in line)
    assert settings["stricthostkeychecking"] in ("true", "yes")
    assert settings["batchmode"] == "yes"
    assert settings["identityagent"] == "none"
    assert settings["identityfile"] == str(tmp_path / "a key")
    assert settings["userknownhostsfile"].strip('"') == str(tmp_path / "known hosts")
    environment = git_environment(
        git_program(), Location("https://example.com/x", local=False), Auth("https://example.com", token="t0ken")
    )
    assert any("t0ken" in value for value in environment.values())


def test_everything_that_git_started_ends_at_the_deadline(tmp_path):
    script = f"sleep 1000 & echo $! > {tmp_path}/pid; wait"
    assert reason(script, timeout=3) == "Timeout"
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not _lives(pid))


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_output_over_the_limit_ends_the_process():
    assert reason("yes", limit=100_000) == "TooLarge"
    assert reason("cat /dev/zero", max_records=1000) == "TooLarge"


def test_g21_standard_error_is_capped_and_cleaned():
    with pytest.raises(SourceError) as caught:
        shell(
            r"""printf '\033[31mred\033]0;title\007\rbar\302\205\342\200\256x\n' >&2
            yes noise | head -c 9000000 >&2; exit 3"""
        )
    text = str(caught.value)
    assert "red" in text
    assert text.isprintable()
    assert "title" not in text
    assert len(text) < 700
    notes: list[bytes] = []
    shell("yes | head -c 300000 >&2", notes=notes)
    assert len(notes[0]) == MAX_STDERR


def test_memory_and_file_size_are_limited(tmp_path):
    shell("true")
    limits = Limits(file_size=10_000)
    # Sealed, because the alias starts a shell: unsealed it may have begun before the limits are set.
    found = reason(f"head -c 100000 /dev/zero > {tmp_path}/f", limits=limits, sealed=True)
    assert found in ("TooLarge", "FetchFailed")
    assert (tmp_path / "f").stat().st_size <= 10_000
    limits = Limits(memory=300_000_000)
    assert shell("ulimit -v", limits=limits, sealed=True).strip() == b"292968", "what git starts has the limits too"
    process = start_git(["--version"], git_dir=None, limits=Limits(memory=1), sealed=True)
    end_group(process)
    assert process.returncode != 0


def test_no_process_and_no_descriptor_is_left():
    before = len(os.listdir("/proc/self/fd"))
    for script in ("true", "exit 1", "yes"):
        try:
            shell(script, limit=1000)
        except SourceError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "said, expected",
    [
        ("fatal: unable to access 'x': The requested URL returned error: 429", "RateLimited"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "AuthFailed"),
        ("git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.", "AuthFailed"),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", "HostKeyRejected"),
        ("fatal: unable to access 'x': Could not resolve host: x", "Unreachable"),
        ("ssh: connect to host x port 22: Connection refused", "Unreachable"),
        ("fatal: write error: No space left on device", "DiskFull"),
        ("error: object 12: hasDotgit: contains '.git'\nfatal: fsck error in packed object", "BadObjects"),
        ("fatal: something new", "FetchFailed"),
    ],
)
def test_what_git_says_becomes_a_reason(said, expected):
    assert failure(128, said.encode(), doing="fetch x").reason == expected


def test_messages_hide_secrets_and_retry_after_takes_both_forms():
    assert shown("a s3cret b", ["s3cret"]) == "a *** b"
    assert retry_after("00:00 http.c:1 <= Recv header: Retry-After: 120\n") == 120
    assert retry_after("x <= Recv header: retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n") == 0
    assert retry_after("x <= Recv header: retry-after: soon\n") is None
    assert retry_after("nothing") is None
