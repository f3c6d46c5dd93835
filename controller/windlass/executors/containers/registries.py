"""What a registry is called where credentials for pulling are kept (config.json of the `docker` command, Secrets)."""

from __future__ import annotations

HUB = "https://index.docker.io/v1/"


def registry_of(image: str) -> str:
    """As the configuration calls it."""
    first, slash, _ = image.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host and first not in ("docker.io", "index.docker.io") else HUB
