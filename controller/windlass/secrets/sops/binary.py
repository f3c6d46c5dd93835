"""The real `sops`, for keys of KMS, PGP, Vault, Azure and Google.

In: a file (of a server: taken apart and put together again by `foreign.py`), the environment that it is given, nothing
of ours beside it. Out: its values. The file goes by standard input; a folder of its own is its home, its time is
limited, and what it says is bounded. Its error texts are never repeated: they name places of other people, and may hold
more.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.errors import SecretError
from windlass.secrets.sops.trees import DEEPEST
from windlass.secrets.sops.yaml_tree import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST = (3, 13, 0)
LIMIT = 20.0  # seconds
LARGEST = 16 * 1024 * 1024  # bytes of an answer
PATH = "/usr/local/bin:/usr/bin:/bin"
_KEY_MISSING, _MAC_MISMATCH, _MAC_MISSING = 128, 51, 52
_REFUSED = re.compile(rb"AccessDenied|UnrecognizedClient|InvalidClientTokenId|permission.denied|403|401", re.I)
_UNREACHED = re.compile(rb"connection refused|no such host|timeout|deadline|unreachable|x509", re.I)


@contextlib.contextmanager
def private_home() -> Iterator[Path]:
    """In memory where the system has it; short, since GnuPG puts sockets into it."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made in it, for us alone
    folder = Path(tempfile.mkdtemp(prefix="wl-", dir=memory if os.access(memory, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def decrypted(
    data: bytes, format_: str, environment: Mapping[str, str], home: Path, limit: float = LIMIT
) -> dict[str, Any]:
    """Raises SecretError."""
    program = find_sops()
    command = [program, "--disable-version-check", "decrypt", "--input-type", format_, "--output-type", "yaml"]
    code, said, wrong = _run(command, data, {"PATH": PATH, "HOME": str(home), **environment}, home, limit)
    if code != 0:
        raise _failure(code, wrong)
    try:
        documents = read_yaml(said, DEEPEST)
    except ValueError:
        documents = []
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise SecretError("secret-failed", "sops gave no values of it")
    return documents[0]


def find_sops() -> str:
    """Raises SecretError when there is none, or one that is too old."""
    found = shutil.which("sops")
    if found is None:
        message = "its keys need the program sops, which this machine does not have (https://getsops.io)"
        raise SecretError("secret-failed", message)
    version = _version(found, Path(found).stat().st_mtime_ns)
    if version < OLDEST:
        wanted, there = (".".join(map(str, one)) for one in (OLDEST, version))
        raise SecretError("secret-failed", f"its keys need sops {wanted} or newer, and this machine has {there}")
    return found


@lru_cache(maxsize=4)
def _version(program: str, _changed: int) -> tuple[int, ...]:
    with private_home() as home:
        command = [program, "--disable-version-check", "--version"]
        _, said, _ = _run(command, b"", {"PATH": PATH, "HOME": str(home)}, home, LIMIT)
    numbers = re.search(rb"(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, numbers.groups())) if numbers is not None else (0, 0, 0)


def _failure(code: int, wrong: bytes) -> SecretError:
    if code == _MAC_MISMATCH:
        return SecretError("secret-failed", "its MAC does not match: it was changed without sops")
    if code == _MAC_MISSING:
        return SecretError("secret-failed", "it has no MAC")
    if code == _KEY_MISSING and _UNREACHED.search(wrong):
        return SecretError("secret-failed", "who keeps its key cannot be reached")
    if code == _KEY_MISSING:
        by = "who keeps its key refuses us" if _REFUSED.search(wrong) else "none of its keys could be used"
        return SecretError("secret-denied", by)
    return SecretError("secret-failed", f"sops cannot open it (exit code {code})")


def _run(
    command: list[str], given: bytes, environment: Mapping[str, str], folder: Path, limit: float
) -> tuple[int, bytes, bytes]:
    """(exit code, what it said, what it said went wrong)"""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    late = threading.Timer(limit, _end, (process,))
    late.start()
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        wrong: list[bytes] = []
        listener = threading.Thread(target=lambda: wrong.append(process.stderr.read(LARGEST)), daemon=True)  # type: ignore[union-attr]
        listener.start()
        writer = threading.Thread(target=_give, args=(process.stdin, given), daemon=True)
        writer.start()
        said = process.stdout.read(LARGEST + 1)
        if len(said) > LARGEST:
            _end(process)
        code = process.wait()
        writer.join()
        listener.join()
    stopped = not late.is_alive()
    late.cancel()
    if len(said) > LARGEST:
        raise SecretError("secret-failed", f"sops says more than {LARGEST} bytes")
    if stopped and code < 0:
        raise SecretError("secret-failed", f"sops was not done within {limit:g} seconds")
    return code, said, wrong[0] if wrong else b""


def _give(pipe: Any, given: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        pipe.write(given)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
