"""The credential for a repository, bound to the place it may be sent to.

In: a user name and password, a token, or an ssh key, with the host (and path) they are for. Out: git
configuration and environment for one location. A credential for another host is an error instead of a header
on the wrong request; redirects are off, so it cannot travel further (G06, G22). Secrets go to git through its
environment, never through its arguments, which every user of the machine can read.
"""

from __future__ import annotations

import base64
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from windlass.errors import SourceError
from windlass.sources.location import Location

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Auth:
    """A credential for everything at or below `prefix`: `https://HOST[:PORT][/PATH]`, `ssh://…` or `USER@HOST:PATH`.

    `token` is sent as `Authorization: Bearer`; `password` (a forge's access token too) with `username` as
    Basic. `ssh_key` and `known_hosts` are files; without `known_hosts` no host is trusted (G36). `ca_file`
    holds the certificate authorities of an https server of one's own.
    """

    prefix: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ssh_key: Path | None = None
    known_hosts: Path | None = None
    ca_file: Path | None = None

    def covers(self, location: Location) -> bool:
        """Whether the location is at or below the prefix: same scheme, same host and port, path by whole segments."""
        scheme, host, path = _place(self.prefix)
        if (scheme, host) != (location.scheme, location.host):
            return False
        below = path.rstrip("/")
        return location.path == below or location.path.startswith(below + "/")

    def config(self, location: Location) -> dict[str, str]:
        """Git configuration that carries the credential. Raises SourceError when it is not for this location."""
        self._require(location)
        found: dict[str, str] = {}
        header = self._header()
        if header and location.scheme in ("http", "https"):
            found[f"http.{self.prefix.rstrip('/')}.extraHeader"] = f"Authorization: {header}"
        if self.ca_file is not None:
            found["http.sslCAInfo"] = str(self.ca_file)
        return found

    def _header(self) -> str | None:
        if self.token:
            return f"Bearer {_one_line(self.token)}"
        if self.password:
            pair = f"{self.username or 'git'}:{self.password}"
            return "Basic " + base64.b64encode(pair.encode()).decode()
        return None

    def _require(self, location: Location) -> None:
        if not self.covers(location):
            raise SourceError(
                f"the credential given is for {self.prefix}, not for {location.scheme}://{location.host}",
                "CredentialMismatch",
            )

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in a message."""
        basic = self._header() or ""
        return tuple(text for text in (self.password, self.token, basic.partition(" ")[2]) if text)


def auth_for(location: Location, auths: Iterable[Auth]) -> Auth | None:
    """The credential that is meant for a location: of several, the one whose prefix says most."""
    fitting = [auth for auth in auths if auth.covers(location)]
    return max(fitting, key=lambda auth: len(auth.prefix), default=None)


def _place(prefix: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path of a prefix; `git@host:path` is ssh, as in a location."""
    if "://" not in prefix:
        location = Location(prefix, local=False)
        return location.scheme, location.host, location.path
    parts = urlsplit(prefix)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower(), parts.path


def ssh_command(auth: Auth | None) -> str:
    """The value of GIT_SSH_COMMAND: only the key and the known hosts given, no question, no configuration."""
    known = auth.known_hosts if auth and auth.known_hosts else "/dev/null"
    # named as an option: `-i` would fall back to the keys of the user when the file is missing
    key = auth.ssh_key if auth and auth.ssh_key else "none"
    options = [
        *("BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "IdentitiesOnly=yes"),
        *("IdentityAgent=none", "ForwardAgent=no", "ClearAllForwardings=yes", "PermitLocalCommand=no"),
        *("ConnectTimeout=15", "ServerAliveInterval=10", "ServerAliveCountMax=3"),
        *(f'IdentityFile="{key}"', f'UserKnownHostsFile="{known}"', "GlobalKnownHostsFile=/dev/null"),
    ]
    words = ["ssh", "-F", "/dev/null", "-T"]
    for option in options:
        words += ["-o", option]
    return shlex.join(words)


def _one_line(secret: str) -> str:
    if not secret.isprintable():
        raise SourceError("the token holds a line break or another control character", "CredentialMismatch")
    return secret
