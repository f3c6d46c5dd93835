"""What git said when it failed, as a `SourceError` with a condition reason.

In: the exit code and the standard error of git, which a server can write into. Out: one line fit for a user and
a reason in CamelCase. Control characters, escape sequences and secrets do not get through (G21).
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from windlass.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MESSAGE = 500

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_TRACE = re.compile(r"^[0-9:.]+ http\.c:[0-9]+ .*$", re.MULTILINE)
_RETRY_AFTER = re.compile(r"<= Recv header: retry-after: *([^\r\n]+)", re.IGNORECASE)

# The first pattern that matches decides; the texts are git's and OpenSSH's with LC_ALL=C.
_REASONS = [
    (r"error: 429", "RateLimited", "the server asks to slow down (429)"),
    (r"No space left on device|Disk quota exceeded", "DiskFull", "no space left for the mirror"),
    (r"[Oo]ut of memory|mmap failed|File size limit|signal 25|pack exceeds", "TooLarge", "over the limit for a fetch"),
    (
        r"error: 30[1278]|unable to update url base from redirection",
        "Redirected",
        "the server redirects to another address, which is not followed; use the final URL",
    ),
    (
        r"could not read (?:Username|Password)|Authentication failed|error: 40[13]|Permission denied"
        r"|Invalid username or",
        "AuthFailed",
        "the server asks for a credential, or refuses the one given; set `auth` for this repository",
    ),
    (
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED",
        "HostKeyRejected",
        "the ssh host key is unknown or has changed; give the right known_hosts file under `auth`",
    ),
    (
        r"error: 404|repository .* not found|Repository not found|does not appear to be a git repository"
        r"|does not exist",
        "RepositoryNotFound",
        "there is no such repository, or it may not be read without a credential",
    ),
    (
        r"Could not resolve|Failed to connect|Connection (?:refused|timed out|reset)|No route to host"
        r"|Network is unreachable|Couldn't connect",
        "Unreachable",
        "the server cannot be reached",
    ),
    (r"Operation too slow|Operation timed out", "Timeout", "the server sends nothing, or too slowly"),
    (r"error: 5\d\d", "ServerError", "the server failed"),
    (
        r"valid info/refs|not valid: could not determine hash|invalid server response|protocol error"
        r"|bad line length|unexpected .*packet",
        "NotARepository",
        "the answer is no git repository",
    ),
    (r"fsck error|error in (?:tree|commit|blob|tag|object)", "BadObjects", "the repository holds malformed objects"),
]


def failure(code: int, stderr: bytes, secrets: Iterable[str] = (), *, doing: str) -> SourceError:
    """The error for a git process that ended with `code` (negative: the signal) while `doing` something."""
    text = stderr.decode("utf-8", "replace")
    said = shown(_TRACE.sub("", text), secrets)
    for pattern, reason, meaning in _REASONS:
        if re.search(pattern, said):
            return SourceError(f"cannot {doing}: {meaning} (git: {said})", reason, retry_after(text))
    if code in (-25, 153):  # SIGXFSZ, by itself or through a shell
        return SourceError(f"cannot {doing}: over the size limit for a fetch", "TooLarge")
    detail = said or (f"ended by signal {-code}" if code < 0 else f"exit code {code}")
    return SourceError(f"cannot {doing} (git: {detail})", "FetchFailed", retry_after(text))


def shown(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` on one line, without control characters, escape sequences and secrets, cut to 500 characters."""
    for secret in secrets:
        text = text.replace(secret, "***")
    lines = (_ESCAPES.sub("", line).strip() for line in text.splitlines())
    flat = "; ".join(line for line in lines if line)
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"


def retry_after(trace: str) -> float | None:
    """Seconds that the server asked to wait in a `Retry-After` header (RFC 9110, 10.2.3), None when it did not."""
    found = _RETRY_AFTER.findall(trace)
    if not found:
        return None
    value = found[-1].strip()
    if value.isdecimal():
        return float(value[:9])
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def is_web_page(trace: bytes) -> bool:
    """Whether the server answered with HTML. git takes some pages for an empty repository of its oldest protocol."""
    return re.search(rb"<= Recv header: content-type: *text/html", trace, re.IGNORECASE) is not None
