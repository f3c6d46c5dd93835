"""Whose fault is an image that cannot be pulled? Told from the words of the registry, or of whoever asked it.

In: the message of a container runtime, a kubelet or a Docker engine. Out: the cause: `image-pull` when the registry
answered, and says no; `registry-unavailable` when it did not answer, or says that it cannot now, which is nothing that
the author of a step can mend. Words that are not known are the author's. Pure.
"""

from __future__ import annotations

import re

REFUSED, UNAVAILABLE = "image-pull", "registry-unavailable"
PULLS = frozenset({REFUSED, UNAVAILABLE})
_FINAL = re.compile(
    r"not found|manifest unknown|repository does not exist|unauthorized|denied|forbidden|no match for platform"
    r"|no matching manifest|invalid reference",
    re.I,
)
# Of Go's network library, of its HTTP client, of containerd and of Docker; and the numbers of HTTP that mean "later".
_AWAY = re.compile(
    r"connection (?:refused|reset|timed out)|i/o timeout|no such host|network is unreachable|no route to host"
    r"|server misbehaving|temporary failure in name resolution|TLS handshake timeout|deadline exceeded"
    r"|request canceled|Client\.Timeout|unexpected EOF|: EOF$|broken pipe|too ?many ?requests|RegistryUnavailable"
    r"|(?:status|code)[^0-9]{0,40}(?:429|50[0234])\b|\b(?:429 Too Many|50[0234] (?:Internal|Bad|Service|Gateway))",
    re.I,
)


def pull_cause(message: str) -> str:
    """A cause of runs/causes.py."""
    return UNAVAILABLE if _AWAY.search(message) and not is_final(message) else REFUSED


def is_final(message: str) -> bool:
    """Asking again would bring the same answer."""
    return _FINAL.search(message) is not None
