"""Repositories as the server file or the command line names them → sources, with what they are read with.

In: settings. Out: a `SourceState` and its credential; a UsageError for what keeps a server from starting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError
from windlass.reconcile.source_state import SourceState
from windlass.secrets.server_keys import read_key
from windlass.sources.auth import Auth
from windlass.sources.location import parse_location
from windlass.sources.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Container

    from windlass.settings import GitAuth, RepositorySettings, Settings


def source_of(repository: RepositorySettings, settings: Settings, keys: Container[str]) -> SourceState:
    """`keys` are the names of the server's webhook keys. Raises UsageError."""
    if repository.webhook_secret is not None and repository.webhook_secret not in keys:
        raise UsageError(f"repository {repository.name}: webhookSecret {repository.webhook_secret} is not in secrets")
    location = parse_location(repository.git, allow_local=repository.local)
    folder = settings.data / "mirrors" / f"{repository.name}.git"
    return SourceState(
        repository, Mirror(folder, location, repository.branch, auth_of(repository.auth, repository.git))
    )


def auth_of(written: GitAuth | None, url: str) -> Auth | None:
    """For everything at or below `url`. Raises UsageError."""
    if written is None:
        return None
    key = read_key(written.token, "auth.token").decode() if written.token is not None else None
    return Auth(
        prefix=url,
        username=written.username,
        password=key if written.username is not None else None,
        token=key if written.username is None else None,
        ssh_key=written.ssh_key,
        known_hosts=written.known_hosts,
    )
