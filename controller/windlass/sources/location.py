"""Where a repository is: the text a person wrote, checked, as a `Location`.

In: a URL or, where the caller allows it, a path. Out: a `Location` whose text is safe to hand to git as an
argument. It is an allow-list: https, ssh and its scp-like short form; a folder only on the command line and in
an open `up` (fine print, "Command line"). Everything git would understand beyond that (`ext::`, `fd::`, other
remote helpers, options, credentials inside the URL) is refused here, before git sees it (G24).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from windlass.errors import UsageError

MAX_LENGTH = 2048

_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])"
_USER = r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?"
_PATH = r"[A-Za-z0-9_.~/+,=%@:-]+"
_HTTPS = re.compile(rf"https?://{_HOST}(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>{_PATH})")
_SSH = re.compile(rf"ssh://{_USER}{_HOST}(?::(?P<port>[0-9]{{1,5}}))?/(?P<path>{_PATH})")
_SCP = re.compile(rf"{_USER}{_HOST}:(?P<path>(?![-:]){_PATH})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
_HINT = "write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"


@dataclass(frozen=True, slots=True)
class Location:
    """`url` is what git gets: an URL, or an absolute path when `local`."""

    url: str
    local: bool

    @property
    def scheme(self) -> str:
        """The transport in git's word for it: `file`, `https`, `ssh`."""
        if self.local:
            return "file"
        match = _SCHEME.match(self.url)
        return match[1] if match else "ssh"

    @property
    def host(self) -> str:
        """Host and port, in lower case; empty for a folder."""
        match = self._match()
        if match is None:
            return ""
        port = match.groupdict().get("port")
        return (match["host"] + (f":{port}" if port else "")).lower()

    @property
    def path(self) -> str:
        """The path on the host, beginning with `/`."""
        match = self._match()
        return "/" + match["path"].lstrip("/") if match else self.url

    def _match(self) -> re.Match[str] | None:
        if self.local:
            return None
        return _HTTPS.fullmatch(self.url) or _SSH.fullmatch(self.url) or _SCP.fullmatch(self.url)


def parse_location(text: str, *, allow_local: bool) -> Location:
    """The location that `text` names.

    Raises UsageError, with a hint, for everything outside the allow-list. The message never repeats the text
    of a URL that may carry a credential.
    """
    _refuse_unfit(text)
    scheme = _SCHEME.match(text)
    if scheme:
        if scheme[1].lower() == "file":
            return _local(_file_path(text), allow_local)
        return _remote(text, scheme[1])
    before_slash = text.split("/", 1)[0]
    if ":" not in before_slash:
        return _local(text, allow_local)
    match = _SCP.fullmatch(text)
    if match is None or _climbs(match["path"]):
        raise UsageError("a repository's location is not understood", _HINT)
    return Location(text, local=False)


def _refuse_unfit(text: str) -> None:
    if not text or len(text) > MAX_LENGTH:
        raise UsageError(f"a repository's location has 1 to {MAX_LENGTH} characters", _HINT)
    if not text.isprintable():
        raise UsageError("a repository's location holds a line break or another control character", _HINT)
    if text.startswith("-"):
        raise UsageError("a repository's location may not begin with '-'", _HINT)
    if _HELPER.match(text):
        raise UsageError("remote helpers (NAME::…) are not allowed in a repository's location", _HINT)


def _remote(text: str, scheme: str) -> Location:
    if scheme not in ("https", "ssh"):
        raise UsageError(f"{scheme}:// is not allowed for a repository", _HINT)
    authority = text.split("://", 1)[1].split("/", 1)[0]
    user = authority.rpartition("@")[0]
    if user and (scheme == "https" or ":" in user):
        raise UsageError(
            "a repository's URL may not carry a user name or a password",
            "leave it out of the URL and give the credential under `auth`",
        )
    match = (_HTTPS if scheme == "https" else _SSH).fullmatch(text)
    if match is None or match["path"].startswith("-") or _climbs(match["path"]):
        raise UsageError("a repository's URL has an unusual host or path", _HINT)
    return Location(text, local=False)


def _climbs(path: str) -> bool:
    return ".." in path.split("/") or path.strip("/") == ""


def _file_path(text: str) -> str:
    rest = text.split("://", 1)[1]
    host, _, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise UsageError("file:// with a host is not allowed for a repository", "write file:///PATH")
    decoded = "/" + unquote(path)
    _refuse_unfit(decoded)
    return decoded


def _local(text: str, allow_local: bool) -> Location:
    if not allow_local:
        raise UsageError("a folder is not allowed as a repository here", _HINT)
    return Location(str(Path(text).resolve()), local=True)
