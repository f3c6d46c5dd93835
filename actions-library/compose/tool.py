"""Runs a program of others: it asks nobody, what it says is in the log, and secrets reach it by files alone."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 1 << 20  # bytes of an output, as declared
TELLING = 4096  # bytes of the end of a program's words, in which the reason is looked for
GRACE = 10  # seconds between TERM and KILL


class Failed(Exception):
    """What is wrong, for the one line that people read."""


class Missing(Failed):
    """What is not installed: the step is then errored, not failed."""

    def __init__(self, said):
        super().__init__(said)
        with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
            file.write(f"windlass.errored=tool-missing: {said}\n")


class TimeUp(BaseException):
    """No library may take this for an error of its own."""


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


def secret(name):
    return os.environ.get("INPUT_" + name.upper().replace("-", "_"), "")


def word(given, name):
    """A value that stands alone among arguments: one that begins with `-` would be taken for an option."""
    found = given.get(name) or ""
    if found.startswith("-") or re.search(r"[\x00-\x1f\x7f]", found):
        raise Failed(f"{name}: {found!r} begins with - or has characters that no name has")
    return found


class Private:
    """A folder for what nobody else may read; it goes with the step."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text if text.endswith("\n") else text + "\n")
        return path


class Tool:
    """`env`: more variables; of the step's own it sees all but the inputs, which may be secrets. `hidden`: a folder
    whose name nobody wants to read."""

    def __init__(self, name, install, env=None, cwd=None, hidden=None):
        if shutil.which(name) is None:
            raise Missing(f"{name} is not installed where this step runs: {install}")
        self.name, self.cwd, self.hidden = name, cwd, f"{hidden}/".encode() if hidden else b"\0"
        own = {key: value for key, value in os.environ.items() if not key.startswith("INPUT_")}
        self.env = own | (env or {})

    def show(self, *words, fine=(0,), keep=LONGEST):
        """What it says goes to the log as it comes; (exit code, the last `keep` bytes of it)."""
        tail = bytearray()
        with self._running(words, subprocess.STDOUT) as process:
            while piece := process.stdout.readline(1 << 16):
                piece = piece.replace(self.hidden, b"")
                sys.stdout.buffer.write(piece)
                sys.stdout.flush()
                tail += piece
                del tail[: max(0, len(tail) - keep)]
        text = tail.decode("utf-8", "replace")
        self._judge(process.returncode, fine, words, text)
        return process.returncode, text

    def take(self, *words, fine=(0,), most=LONGEST):
        """What it writes, which the log does not show; more than `most` bytes are refused."""
        with tempfile.TemporaryFile() as errors:
            with self._running(words, errors) as process:
                found = process.stdout.read(most + 1)
                if len(found) > most:
                    process.kill()
                    raise Failed(f"{self.name} {words[0]} wrote more than {most >> 10} KiB, which is all that is kept")
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - TELLING))
            said = errors.read().decode("utf-8", "replace")
        self._judge(process.returncode, fine, words, said)
        return process.returncode, found.decode("utf-8", "replace")

    def _running(self, words, errors):
        return Running([self.name, *words], self.env, self.cwd, errors)

    def _judge(self, code, fine, words, said):
        if code not in fine:
            raise Failed(f"{self.name} {words[0]} ended with {code}: {reason(said[-TELLING:])}".rstrip(": "))


class Running:
    """A process that does not outlive what is asked of it."""

    def __init__(self, words, env, cwd, errors):
        self.process = subprocess.Popen(
            words, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )

    def __enter__(self):
        return self.process

    def __exit__(self, kind, _error, _trace):
        if kind is not None:
            self.process.terminate()
        try:
            self.process.wait(GRACE if kind is not None else None)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def reason(said):
    """What it complains of, on one line."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    lines = [line.strip(" \t│╷╵") for line in plain.splitlines() if line.strip(" \t│╷╵")]
    begins = [at for at, line in enumerate(lines) if re.match(r"\[?(error|fatal)\b", line, re.IGNORECASE)]
    return " ".join(lines[begins[0] :][:8] if begins else lines[-3:])[:500]


def step(name, act):
    """`act(given, private)` gives the outputs. In: the inputs of the action; `timeout` bounds everything."""
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    limit = given.get("timeout") or "10m"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what is private is removed then too
    signal.signal(signal.SIGALRM, time_up)
    signal.setitimer(signal.ITIMER_REAL, max(seconds(limit), 0.001))
    own = os.path.dirname(os.environ["WINDLASS_OUTPUT"])
    try:
        with tempfile.TemporaryDirectory(prefix="private-", dir=own if os.access(own, os.W_OK) else None) as folder:
            outputs = act(given, Private(folder))
    except Failed as error:
        sys.exit(f"{name}: {error}")
    except TimeUp:
        sys.exit(f"{name}: not done within {limit}")
    except OSError as error:
        sys.exit(f"{name}: {f'{error.filename}: ' if error.filename else ''}{error.strerror}")
    signal.setitimer(signal.ITIMER_REAL, 0)
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        # Compact: a line of a secret such as `kind: Config`, which is masked everywhere, breaks no JSON then.
        file.write(json.dumps(outputs, separators=(",", ":")) + "\n")


def time_up(_signal, _frame):
    raise TimeUp
