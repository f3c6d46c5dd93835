"""Settings of the server: file < environment < flags.

In: nothing; `loading/server_file.py` reads the file, `cli/up.py` the flags. Out: one frozen `Settings`, made once. Each
field stands in docs/server-file.md (a test compares them).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from windlass.clock import Millis
    from windlass.policies.policy import Policy

DEFAULT_LISTEN = "127.0.0.1:7878"
DEFAULT_CONTROLLER_LISTEN = "127.0.0.1:7879"
DEFAULT_POLL: Millis = 30_000


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a webhook key comes from: an environment variable or a file; read at start, never logged."""

    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class SecretGrant:
    """Who may read what in a store; each of those that is not empty has to fit."""

    paths: tuple[str, ...]
    tenants: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()  # of the run; empty: any, and none


@dataclass(frozen=True, slots=True)
class SecretStore:
    """Where secrets of repositories come from, and the credentials that are sent to this address alone."""

    name: str
    backend: str
    address: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, SecretSource] = field(default_factory=dict)
    age: tuple[SecretSource, ...] = ()
    recipients: tuple[str, ...] = ()  # what a SOPS file may be encrypted for, beside age
    allow: tuple[SecretGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API key: whose it is, and the groups that they are in."""

    name: str
    source: SecretSource
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GitAuth:
    """Credentials of one repository, bound to its host by the source."""

    username: str | None = None
    token: SecretSource | None = None
    ssh_key: Path | None = None
    known_hosts: Path | None = None


@dataclass(frozen=True, slots=True)
class LibraryAuth:
    """Credentials for the libraries at or below a URL."""

    git: str
    auth: GitAuth


@dataclass(frozen=True, slots=True)
class RepositorySettings:
    """One source. `local` allows a path or file:// URL: only from the command line."""

    name: str
    git: str
    branch: str | None = None
    interval: Millis = DEFAULT_POLL
    auth: GitAuth | None = None
    webhook_secret: str | None = None  # a name below `secrets`
    local: bool = False
    age_keys: tuple[SecretSource, ...] = ()  # what its SOPS files are opened with
    tenant: str | None = None
    suspended: bool = False  # it is not polled; whoever asks is answered
    user_keys: bool = False  # with the keys of whoever runs this: a path on the command line, and no server file


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """A runner that steps can name: its kind, and what that kind needs to know.

    `host` and `certificates` None: as the environment says (DOCKER_HOST…); `kubeconfig`, `context` and `namespace`
    None: the usual ones. `image` is that of steps without one. `parallel` None: what its kind does by default.
    `helper_image`: what gives workspaces in Pods their tools; None: our own.
    `allow_docker`: steps with `docker: true` may have the engine. `docker_image`: of the engine that they get in a Pod.
    """

    name: str
    kind: str
    parallel: int | None = None
    image: str | None = None
    host: str | None = None
    certificates: Path | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None
    allow_docker: bool = False
    docker_image: str | None = None
    helper_image: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of this server."""

    local_attempts: int = 64  # attempts of the local runner at once
    request_bytes: int = 1024 * 1024
    artifact_size: int = 1024**3  # bytes of one artifact
    artifact_files: int = 10_000  # files of one artifact
    cache_size: int = 5 * 1024**3  # bytes of all caches of one repository, compressed
    cache_entry_size: int = 2 * 1024**3  # bytes of the files in one cache


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept after the end of a run."""

    runs: Millis = 90 * 86_400_000
    logs: Millis = 30 * 86_400_000
    artifacts: Millis = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """`windlass controller` and `windlass web`: how they find and trust each other, and which controller leads."""

    listen: str | None = None  # HOST:PORT
    token: SecretSource | None = None  # what the web shows to the controller
    advertise: str | None = None  # the URL at which the web finds this controller; None: where it listens
    election: str | None = None  # where the lease stands; None: as suits where this runs
    lease_name: str = "windlass-controller"
    lease_namespace: str | None = None  # None: the controller's own
    lease_duration: Millis = 15_000
    renew_deadline: Millis = 10_000
    retry_period: Millis = 2_000


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """The cluster whose custom resources are served. `namespaces` empty: all of them.

    `show_runs`: which runs get an object, `all` or those that were `created` by one; `keep_runs` ended ones for each
    workflow, for `run_ttl` at most.
    """

    kubeconfig: str | None = None  # None: $KUBECONFIG, or the pod's own service account
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    show_runs: str = "all"
    keep_runs: int = 20
    run_ttl: Millis = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `windlass up` needs to know."""

    data: Path
    listen_host: str = "127.0.0.1"
    listen_port: int = 7878
    repositories: tuple[RepositorySettings, ...] = ()
    libraries: tuple[LibraryAuth, ...] = ()
    database: str | None = None  # a URL; None: SQLite in the data folder
    secrets: Mapping[str, SecretSource] = field(default_factory=dict)
    stores: tuple[SecretStore, ...] = ()
    store_keys: tuple[SecretSource, ...] = ()  # of the own store; empty: a file of the data folder
    store_managers: tuple[str, ...] | None = None  # who may change the own store: names and group:NAME; None: everybody
    tokens: tuple[ApiToken, ...] = ()
    limits: Limits = Limits()
    retention: Retention = Retention()
    runners: Mapping[str, RunnerSettings] = field(default_factory=dict)  # those of the server file
    runner: str = "local"  # of steps that name none
    own_engine: bool = False  # no server file: steps of this user may use this user's Docker engine
    objects: str | None = None  # the URL of the object store; None: a folder of the data
    external_url: str | None = None
    json_log: bool = False
    policies: tuple[Policy, ...] = ()
    controller: ControllerSettings = ControllerSettings()
    kubernetes: KubernetesSettings | None = None  # None: no custom resources

    def groups_of(self, actor: Mapping[str, Any]) -> tuple[str, ...]:
        """The groups of whoever holds a token."""
        if actor.get("kind") != "token":
            return ()
        return next((token.groups for token in self.tokens if token.name == actor.get("name")), ())

    @property
    def loopback(self) -> bool:
        """Open on loopback only: no authentication is needed there."""
        return self.listen_host in ("127.0.0.1", "::1", "localhost")
