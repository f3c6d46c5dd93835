"""The keys of the server file: each from an environment variable or a file, read once at start.

In: a SecretSource. Out: its bytes. The value is in no message and no log.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from windlass.errors import UsageError

if TYPE_CHECKING:
    from windlass.settings import SecretSource

LEAST = 4  # shorter ones verify nothing and cannot be masked (catalogue W01)


def read_key(source: SecretSource, name: str) -> bytes:
    """Raises UsageError when it is missing, unreadable or too short."""
    value = _from_env(source.env, name) if source.env is not None else _from_file(source, name)
    if len(value) < LEAST:
        raise UsageError(f"{name} has fewer than {LEAST} characters", "an empty or tiny key verifies nothing")
    return value


def _from_env(variable: str, name: str) -> bytes:
    text = os.environ.get(variable)
    if text is None:
        raise UsageError(f"{name}: the environment variable {variable} is not set")
    return text.encode()


def _from_file(source: SecretSource, name: str) -> bytes:
    assert source.file is not None
    try:
        return source.file.read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise UsageError(f"{name}: {source.file} cannot be read: {error.strerror}") from error
