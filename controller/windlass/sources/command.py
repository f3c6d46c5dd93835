"""One git process: started, limited, read and ended.

In: arguments of ours, the environment of `environment.py`. Out: what it wrote to standard output, or a
SourceError. The process is a session of its own, so that a stalled server ends with everything git started (G20);
its output, its memory and the files it writes are limited (G15, G18, G21). A value that came from outside stands
behind `--end-of-options`, always: the callers' duty, and the reason why they are few.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import SourceError
from windlass.sources.environment import git_environment
from windlass.sources.failure import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_STDERR = 64 * 1024
MAX_OUTPUT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one git process may take, in bytes: address space and any single file that it writes."""

    memory: int = 2 * 1024**3
    file_size: int = 1024**3


DEFAULT_LIMITS = Limits()


@cache
def git_program() -> str:
    """The absolute path of git. Raises SourceError when there is none."""
    found = shutil.which("git")
    if found is None:
        raise SourceError("the program git is not installed", "GitMissing")
    return str(Path(found).resolve())


def start_git(
    args: Sequence[str],
    *,
    git_dir: Path | None,
    environment: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    sealed: bool = False,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """A running git in a session of its own, with pipes for its output and the limits set.

    `sealed` sets the limits before git begins, for commands that start others: those would else have begun without.
    """
    program = git_program()
    where = [] if git_dir is None else [f"--git-dir={git_dir}"]
    seal = _seal(limits) if sealed else []
    process = subprocess.Popen(
        [*seal, program, *where, *args],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=dict(environment) if environment is not None else git_environment(program),
        cwd="/",
        start_new_session=True,
    )
    if not seal:
        _limit(process.pid, limits)
    return process


def run_git(
    args: Sequence[str],
    *,
    git_dir: Path | None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 60,
    limit: int = MAX_OUTPUT,
    max_records: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    sealed: bool = False,
    secrets: Sequence[str] = (),
    doing: str = "run git",
    started: Callable[[int], None] | None = None,
    notes: list[bytes] | None = None,
) -> bytes:
    """Standard output of `git ARGS`; `doing` completes the sentence "cannot …" of an error.

    `limit` is in bytes and `max_records` counts NUL bytes; over either the process is ended at once. `started`
    gets the process id, which is the id of its process group too; `notes` gets the first 64 KiB of standard error.
    Raises SourceError: reason "Timeout" after `timeout` seconds, "TooLarge" over a limit, else one of `failure.py`.
    """
    process = start_git(args, git_dir=git_dir, environment=environment, limits=limits, sealed=sealed)
    try:
        if started is not None:
            started(process.pid)
        out, err = _read(process, time.monotonic() + timeout, limit, max_records, doing)
    except BaseException:
        end_group(process)
        raise
    if process.returncode != 0:
        raise failure(process.returncode, err, secrets, doing=doing)
    if notes is not None:
        notes.append(err)
    return out


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and everything it started, and reaps it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _read(
    process: subprocess.Popen[bytes], deadline: float, limit: int, max_records: int | None, doing: str
) -> tuple[bytes, bytes]:
    out, err = bytearray(), bytearray()
    records = 0
    with selectors.DefaultSelector() as selector:
        for pipe, kept in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, kept)
        while selector.get_map():
            for key, _ in selector.select(_left(deadline, doing)):
                chunk = os.read(key.fd, 1 << 18)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is err:
                    err += chunk[: max(0, MAX_STDERR - len(err))]
                else:
                    out += chunk
                    records += chunk.count(b"\0") if max_records is not None else 0
                    if len(out) > limit or (max_records is not None and records > max_records):
                        raise SourceError(f"cannot {doing}: more than the limit allows", "TooLarge")
            _left(deadline, doing)
    _wait(process, deadline, doing)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    return bytes(out), bytes(err)


def _wait(process: subprocess.Popen[Any], deadline: float, doing: str) -> None:
    try:
        process.wait(_left(deadline, doing))
    except subprocess.TimeoutExpired as late:
        raise SourceError(f"cannot {doing}: git did not end in time", "Timeout") from late


def _left(deadline: float, doing: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise SourceError(f"cannot {doing}: no answer in time", "Timeout")
    return left


@cache
def _prlimit_program() -> str | None:
    return shutil.which("prlimit")


def _seal(limits: Limits) -> list[str]:
    """Words before a command that limit it: util-linux's prlimit, which sets the limits of itself and becomes git.

    A function between fork and exec is no option: it is not safe in a program with threads.
    """
    program = _prlimit_program()
    if program is None:
        return []
    return [program, f"--as={limits.memory}", f"--fsize={limits.file_size}", "--core=0", "--"]


def _limit(pid: int, limits: Limits) -> None:
    """Sets the limits of a process that has just begun, from outside (Linux; elsewhere there are none)."""
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is None:
        return
    with contextlib.suppress(ProcessLookupError):
        prlimit(pid, resource.RLIMIT_AS, (limits.memory, limits.memory))
        prlimit(pid, resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
        prlimit(pid, resource.RLIMIT_CORE, (0, 0))
