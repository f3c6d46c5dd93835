"""Runs git so that it asks nobody, and puts no credential into arguments, files or logs."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

MISSING = "git is not installed where this step runs: apt-get install git, or an image that has it"
PROTOCOLS = "file:git:http:https:ssh"  # not ext::, which runs a program
LONGEST = 1 << 16
FIRST = 1 << 29  # bytes of memory for the first question to a server: git holds the whole answer
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Failed(Exception):
    """What is wrong, for the one line that people read."""


class Missing(Failed):
    """What is not installed: the step is then errored, not failed."""

    def __init__(self, said):
        super().__init__(said)
        with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
            file.write(f"windlass.errored=tool-missing: {said}\n")


def checked_url(url):
    if not url or url.startswith("-") or re.search(r"[\x00-\x20\x7f]", url):
        raise Failed("url is no address of a repository")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*::", url):
        raise Failed("url names a program of git's own (NAME::…), which is not run: use https, ssh or a path")
    if "://" in url and urlsplit(url).password is not None:
        raise Failed("url holds a password, which logs would show: use token")
    return url


def checked_ref(ref):
    if ref.startswith("-") or re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.", ref):
        raise Failed(f"{ref!r} is no name of a branch or tag, and no commit")
    return ref


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


class Git:
    """`credential`: (url, name, secret); git gives it to that scheme, host and port alone. `limit`: a duration, for all
    that is asked of it."""

    def __init__(self, folder, credential=None, limit="30m"):
        self.folder, self.limit, self.until = folder, limit, time.monotonic() + seconds(limit)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/nonexistent"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
            "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        }
        self.env |= {name: value for name, value in os.environ.items() if name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO")}
        if credential is not None:
            self._give(*credential)

    def _give(self, url, name, secret):
        parts = urlsplit(url)
        if parts.scheme != "https" and (
            parts.scheme != "http" or parts.hostname not in ("localhost", "127.0.0.1", "::1")
        ):
            raise Failed("token is for an https address: over anything else it would be readable, or mean nothing")
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        helper = '!f() { printf "username=%s\\npassword=%s\\n" "$WINDLASS_GIT_NAME" "$WINDLASS_GIT_SECRET"; }; f'
        settings = [("credential.helper", ""), (f"credential.{place}.helper", helper)]
        self.env |= {"WINDLASS_GIT_NAME": name, "WINDLASS_GIT_SECRET": secret, "GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings):
            self.env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}

    def __call__(self, *words, fine=(0,), env=None):
        """(exit code, output). Raises Failed with git's own words."""
        if shutil.which("git") is None:
            raise Missing(MISSING)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                done = subprocess.run(
                    ["git", *words],
                    cwd=self.folder,
                    env={**self.env, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    check=False,
                    timeout=max(0.001, self.until - time.monotonic()),
                    preexec_fn=careful if words[0] == "ls-remote" else None,
                )
            except subprocess.TimeoutExpired:
                raise Failed(f"not done within {self.limit}") from None
            if done.returncode not in fine:
                raise Failed(said(tail(errors)) or f"git {words[0]} ended with {done.returncode}")
            output.seek(0)
            return done.returncode, output.read(LONGEST).decode("utf-8", "replace").strip()


def careful():
    resource.setrlimit(resource.RLIMIT_AS, (FIRST, FIRST))


def tail(file):
    file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST))
    return file.read().decode("utf-8", "replace")


def said(errors):
    """What git complains of, on one line, without what stands between `//` and `@` of an address."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"(fatal|error|remote: |! )", line)] or lines[-1:]
    plain = [re.sub(r"^(fatal|error): ", "", line) for line in telling[:4]]
    return re.sub(r"//[^/@\s]+@", "//", "; ".join(plain))[:600]
