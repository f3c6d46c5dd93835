"""Whether what a cluster needs is installed: asked before any other module of this package is imported.

In: nothing. Out: nothing, or an error that says what to install; an ImportError would name a library and not the way.
"""

from __future__ import annotations

from importlib.util import find_spec

from windlass.errors import UsageError

NEEDED = ("aiohttp", "kopf", "kubernetes", "msgspec")  # the extra `kubernetes` of pyproject.toml


def require_extra() -> None:
    """Raises UsageError."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Kubernetes needs packages that are not installed: {', '.join(missing)}",
            "pip install 'windlass[kubernetes]'",
        )
