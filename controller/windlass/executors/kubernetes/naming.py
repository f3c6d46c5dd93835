"""The names of an attempt's objects, and the labels by which they are found.

In: an AttemptKey. Out: a name that follows from it alone, so that whoever asks twice gets the same object. Labels are
cut to what Kubernetes takes; the annotations hold the whole. Pure.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.runs.model import AttemptKey

PREFIX = "windlass.dev"
MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = f"{MANAGED_BY}=windlass"
KEY = f"{PREFIX}/key"
JOB_NAME = "batch.kubernetes.io/job-name"
LONGEST = 63
_UNSAFE_NAME = re.compile(r"[^a-z0-9]+")
_UNSAFE_LABEL = re.compile(r"[^A-Za-z0-9._-]+")


def digest(key: AttemptKey) -> str:
    """Different attempts have different ones."""
    text = "\0".join((key.run, key.path, key.item, str(key.number)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def object_name(key: AttemptKey) -> str:
    """Of the Job, and of its Secret: readable, 63 characters at most, a DNS label."""
    tail = f"-{key.number}-{digest(key)[:12]}"
    run = _UNSAFE_NAME.sub("-", key.run.lower())[:26]
    readable = _UNSAFE_NAME.sub("-", f"{run}-{key.path}-{key.item}".lower()).strip("-")
    return f"{readable[: LONGEST - len(tail)].rstrip('-') or 'attempt'}{tail}"


def labels(key: AttemptKey) -> dict[str, str]:
    found = {
        MANAGED_BY: "windlass",
        KEY: digest(key),
        f"{PREFIX}/run": label_of(key.run),
        f"{PREFIX}/step": label_of(key.path),
        f"{PREFIX}/attempt": str(key.number),
    }
    return found | ({f"{PREFIX}/item": label_of(key.item)} if key.item else {})


def notes(key: AttemptKey) -> dict[str, str]:
    found = {f"{PREFIX}/run": key.run, f"{PREFIX}/step": key.path, f"{PREFIX}/attempt": str(key.number)}
    return found | ({f"{PREFIX}/item": key.item} if key.item else {})


def is_ours(found: Mapping[str, Any], key: AttemptKey) -> bool:
    """By labels and annotations of an object: a name may be anybody's."""
    metadata = found.get("metadata") or {}
    has, says = metadata.get("labels") or {}, metadata.get("annotations") or {}
    return has.get(MANAGED_BY) == "windlass" and has.get(KEY) == digest(key) and says.items() >= notes(key).items()


def label_of(text: str) -> str:
    """As much of it as a label can hold."""
    return _UNSAFE_LABEL.sub(".", text)[:LONGEST].strip("._-")
