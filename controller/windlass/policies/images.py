"""Names of images, and whether a policy allows them. Pure.

In: an image as a step names it. Out: its full name, as container engines complete it: `python` is
`docker.io/library/python:latest` (the rule of the OCI distribution's reference grammar and of Docker's normalisation:
a first part with a dot, a colon or `localhost` is a registry). A policy's patterns are compared with the full name, so
a short name never slips past a list of registries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from windlass.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_REGISTRY = "docker.io"


class ImageName(NamedTuple):
    """An image's full name in its parts; `tag` and `digest` are empty when there is none."""

    registry: str
    repository: str
    tag: str
    digest: str


def full_name(image: str) -> ImageName:
    rest, _, digest = image.partition("@")
    first, slash, below = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, below
    else:
        registry, path = DEFAULT_REGISTRY, rest
    path, _, tag = path.partition(":")
    if registry in (DEFAULT_REGISTRY, "index.docker.io"):
        registry = DEFAULT_REGISTRY
        path = path if "/" in path else f"library/{path}"
    return ImageName(registry, path, tag or ("" if digest else "latest"), digest)


def allowed(patterns: Sequence[str], image: str) -> bool:
    """A pattern is `REGISTRY/PATH`, with `*` within a part and `**` for any number of parts, and `:TAG` if tags matter.
    A pattern without a registry means Docker Hub's, as it does for an image."""
    name = full_name(image)
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: ImageName) -> bool:
    wanted = full_name(pattern) if not pattern.startswith("*") else None
    if wanted is None:  # any registry
        return matches(pattern, f"{name.registry}/{name.repository}")
    if not matches(f"{wanted.registry}/{wanted.repository}", f"{name.registry}/{name.repository}"):
        return False
    if wanted.digest:
        return name.digest == wanted.digest
    last = pattern.rpartition("/")[2]
    return ":" not in last or matches(wanted.tag, name.tag)
