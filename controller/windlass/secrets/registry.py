"""The backends of secret references, by name: one module each.

In: what the backends need of this server or command. Out: a Resolver that knows them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.secrets.resolver import Resolver
from windlass.secrets.sops.provider import SopsProvider

if TYPE_CHECKING:
    from windlass.secrets.base import Provider
    from windlass.secrets.sops.provider import KeysOf, ReadFile


def make_resolver(read: ReadFile, keys_of: KeysOf) -> Resolver:
    """`read` gives a file of a run's commit, `keys_of` the age keys of a repository."""
    providers: dict[str, Provider] = {"sops": SopsProvider(read, keys_of)}
    return Resolver(providers)
