"""Credentials of registries: which a plan has, and which of them an attempt needs for its images.

In: `registries` of windlass.yaml; the images of a launch. Out: plain mappings, frozen with the plan, and the
placeholders that stand for passwords. A reference of a library's own windlass.yaml is never opened for its user.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from windlass.policies.images import full_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass_schemas.repository import Repository


def planned_registries(repository: Repository | None, *, library: bool) -> dict[str, dict[str, str]]:
    """Host -> username, and the reference of the password."""
    if repository is None or library:
        return {}
    return {host: {"username": one.username, "password": one.password} for host, one in repository.registries.items()}


def hosts_of(images: Iterable[str | None]) -> set[str]:
    """Docker Hub is `docker.io`."""
    return {full_name(image).registry for image in images if image}


def password_name(host: str, reference: str) -> str:
    """What the placeholder of a registry's password is called."""
    return f"registries.{host.replace(':', '_')}.{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


def needed(registries: Mapping[str, Mapping[str, str]], images: Iterable[str | None]) -> dict[str, Mapping[str, str]]:
    """Those that the images are from."""
    if not registries:
        return {}
    hosts = hosts_of(images)
    return {host: one for host, one in registries.items() if host in hosts}
