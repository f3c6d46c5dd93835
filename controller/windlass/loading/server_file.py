"""The server file → `Settings` fields, with positions for whatever is wrong in it.

In: the file's path. Out: the validated model. Raises ProblemsError (`FILE:line:column: message`, exit 2) and
UsageError.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.errors import ProblemsError, UsageError
from windlass.loading.document import read_document
from windlass.loading.faults import Faults
from windlass.loading.models import fault_problems, validate
from windlass.settings import (
    ApiToken,
    ControllerSettings,
    GitAuth,
    KubernetesSettings,
    LibraryAuth,
    Limits,
    RepositorySettings,
    Retention,
    RunnerSettings,
    SecretGrant,
    SecretSource,
    SecretStore,
)

if TYPE_CHECKING:
    from windlass_schemas.secret_stores import SecretFrom, ServerSecretStore
    from windlass_schemas.server_file import ServerFile, ServerGitAuth, ServerRepository


def read_server_file(path: Path) -> ServerFile:
    from windlass_schemas.server_file import ServerFile

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        document, _ = read_document(data)
    except Faults as error:
        raise ProblemsError(fault_problems(str(path), error)) from error
    model, problems = validate(str(path), document, ServerFile)
    if problems:
        raise ProblemsError(problems)
    assert isinstance(model, ServerFile)
    names = [repository.name for repository in model.repositories]
    if len(set(names)) != len(names):
        raise UsageError(f"{path}: two repositories have the same name")
    holders = [token.name for token in tokens_of(model)]
    if len(set(holders)) != len(holders):
        raise UsageError(f"{path}: two tokens have the same name")
    stores = [store.name for store in model.secrets.stores] if model.secrets is not None else []
    if len(set(stores)) != len(stores):
        raise UsageError(f"{path}: two secret stores have the same name")
    return model


def webhook_keys_of(model: ServerFile) -> dict[str, SecretSource]:
    written = model.secrets.keys() if model.secrets is not None else {}
    return {name: secret_source(source) for name, source in written.items()}


def stores_of(model: ServerFile) -> tuple[SecretStore, ...]:
    return tuple(map(_store, model.secrets.stores)) if model.secrets is not None else ()


def store_keys_of(model: ServerFile) -> tuple[SecretSource, ...]:
    own = model.secrets.own if model.secrets is not None else None
    return tuple(map(secret_source, own.keys)) if own is not None else ()


def store_managers_of(model: ServerFile) -> tuple[str, ...] | None:
    own = model.secrets.own if model.secrets is not None else None
    return own.manage if own is not None else None


def _store(written: ServerSecretStore) -> SecretStore:
    return SecretStore(
        name=written.name,
        backend=written.backend,
        address=written.address,
        options=dict(written.options),
        credentials={name: secret_source(source) for name, source in written.credentials.items()},
        age=tuple(map(secret_source, written.age)),
        recipients=written.recipients,
        allow=tuple(
            SecretGrant(grant.paths, grant.tenants, grant.repositories, grant.environments) for grant in written.allow
        ),
    )


def repositories_of(model: ServerFile) -> tuple[RepositorySettings, ...]:
    return tuple(_repository(written) for written in model.repositories)


def _repository(written: ServerRepository) -> RepositorySettings:
    return RepositorySettings(
        name=written.name,
        git=written.git,
        branch=written.branch,
        interval=written.interval,
        auth=_auth(written.auth),
        webhook_secret=written.webhook_secret,
        tenant=written.tenant,
        age_keys=tuple(secret_source(key) for key in written.secrets.age) if written.secrets is not None else (),
    )


def libraries_of(model: ServerFile) -> tuple[LibraryAuth, ...]:
    return tuple(LibraryAuth(written.git, _git_auth(written.auth)) for written in model.libraries)


def _auth(written: ServerGitAuth | None) -> GitAuth | None:
    return _git_auth(written) if written is not None else None


def _git_auth(written: ServerGitAuth) -> GitAuth:
    return GitAuth(
        username=written.username,
        token=secret_source(written.token) if written.token is not None else None,
        ssh_key=Path(written.ssh_key) if written.ssh_key is not None else None,
        known_hosts=Path(written.known_hosts) if written.known_hosts is not None else None,
    )


def tokens_of(model: ServerFile) -> tuple[ApiToken, ...]:
    written = model.auth.tokens if model.auth is not None else ()
    return tuple(
        ApiToken(token.name or f"token-{number}", secret_source(token), tuple(token.groups))
        for number, token in enumerate(written, 1)
    )


def secret_source(written: SecretFrom) -> SecretSource:
    return SecretSource(written.env, Path(written.file) if written.file is not None else None)


def runners_of(model: ServerFile) -> dict[str, RunnerSettings]:
    return {
        name: RunnerSettings(
            name=name,
            kind=written.kind,
            parallel=written.parallel,
            image=written.image,
            host=written.host,
            certificates=_path(written.certificates),
            kubeconfig=_path(written.kubeconfig),
            context=written.context,
            namespace=written.namespace,
            allow_docker=written.allow_docker,
            docker_image=written.docker_image,
            helper_image=written.helper_image,
        )
        for name, written in model.runners.items()
    }


def _path(written: str | None) -> Path | None:
    return Path(written) if written is not None else None


def limits_of(model: ServerFile) -> Limits:
    written = model.limits
    if written is None:
        return Limits()
    return Limits(
        local_attempts=written.local_attempts,
        artifact_size=written.artifact_size,
        artifact_files=written.artifact_files,
        cache_size=written.cache_size,
        cache_entry_size=written.cache_entry_size,
    )


def kubernetes_of(model: ServerFile) -> KubernetesSettings | None:
    written = model.kubernetes
    if written is None:
        return None
    return KubernetesSettings(
        kubeconfig=written.kubeconfig,
        context=written.context,
        namespaces=written.namespaces,
        show_runs=written.show_runs,
        keep_runs=written.keep_runs,
        run_ttl=written.run_ttl,
    )


def retention_of(model: ServerFile) -> Retention:
    written = model.retention
    return Retention() if written is None else Retention(written.runs, written.logs, written.artifacts)


def controller_of(model: ServerFile) -> ControllerSettings:
    written = model.controller
    if written is None:
        return ControllerSettings()
    found = ControllerSettings(
        listen=written.listen,
        token=secret_source(written.token) if written.token is not None else None,
        advertise=written.advertise,
        election=written.election,
    )
    lease = written.lease
    if lease is None:
        return found
    return replace(
        found,
        lease_name=lease.name,
        lease_namespace=lease.namespace,
        lease_duration=lease.duration,
        renew_deadline=lease.renew_deadline,
        retry_period=lease.retry_period,
    )
