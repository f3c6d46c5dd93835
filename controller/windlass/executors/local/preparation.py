"""The files an attempt finds: its folder, script, inputs, outputs; and the program that is going to run.

In: a launch (dict of `executor.message`). Out: files and descriptors, or OSError and NotStartable with a text
for the user. Made by the warden, not by the controller, so that many attempts prepare at once. Only builtins.
"""

from __future__ import annotations

import errno
import os

from windlass.executors.attempt_folder.log_file import NotStartable

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from typing import Any


def make_folder(folder: str) -> None:
    """The attempt's own folder with an empty `work` (the program's directory) and `tmp`. Raises OSError."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass  # a launch too large for a datagram, or a refusal, made it
    except FileNotFoundError:
        os.makedirs(folder, 0o700, exist_ok=True)


def fill_folder(folder: str, launch: dict[str, Any]) -> None:
    if not os.path.isdir(f"{folder}/work"):  # `checkout` has filled it before the launch
        os.mkdir(f"{folder}/work", 0o700)
    os.mkdir(f"{folder}/tmp", 0o700)  # noqa: S108 - the attempt's own
    _write(f"{folder}/inputs.json", launch["inputs"], 0o600)
    _write(f"{folder}/output", "", 0o600)
    _write(f"{folder}/env", "", 0o600)
    for part in launch["parts"]:
        if part["script"] is not None:
            _write(f"{folder}/{part['script_name']}", part["script"], 0o700)


def _write(path: str, text: str, mode: int) -> None:
    fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode)
    try:
        data = memoryview(text.encode("utf-8", "surrogateescape"))
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


def enter_working_directory(folder: str, relative: str | None) -> None:
    """Go to the attempt's work folder, or to `relative` below it."""
    work = f"{folder}/work"
    path = os.path.realpath(f"{work}/{relative or ''}")
    if relative and not f"{path}/".startswith(f"{os.path.realpath(work)}/"):
        raise NotStartable(f"the working directory {relative!r} leaves the attempt's folder")
    try:
        os.chdir(path)
    except OSError as error:
        raise NotStartable(f"cannot enter the working directory {relative or work!r}: {error.strerror}") from error


def find_program(name: str, search: str) -> str:
    """The file that `name` stands for, by the attempt's own PATH and not the controller's."""
    if "/" in name:
        return name
    for folder in search.split(":"):
        path = f"{folder or '.'}/{name}"
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise NotStartable(f"{name}: no such program in PATH ({search or 'which is empty'})")


def explain(path: str, error: OSError, argv: list[str], env: dict[str, str]) -> str:
    """Why the program could not be executed, in words."""
    name = argv[0]
    if error.errno == errno.E2BIG:
        size = sum(len(k) + len(v) + 2 for k, v in env.items()) + sum(len(word) + 1 for word in argv)
        return f"cannot start {name}: its arguments and environment are too long ({size} characters)"
    if error.errno == errno.ENOENT and os.path.exists(path):
        return f"cannot start {name}: the interpreter its first line names does not exist"
    if error.errno == errno.ENOEXEC:
        return f"cannot start {name}: not a program of this machine, nor a script with a #! line"
    return f"cannot start {name}: {error.strerror}"
