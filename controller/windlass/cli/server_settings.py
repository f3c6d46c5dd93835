"""`windlass up` and its parts: file < environment < flags → one `Settings`, or a refusal to start (exit 2).

In: the parsed flags, the environment. Out: Settings. Nothing is listened to or written before all of it is known to be
right.
"""

from __future__ import annotations

import os
import re
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.cli.data_folder import data_folder
from windlass.errors import UsageError
from windlass.settings import DEFAULT_LISTEN, KubernetesSettings, RepositorySettings, Settings
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from windlass_schemas.server_file import ServerFile


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Of a server that is everything in one process. Raises UsageError and ProblemsError."""
    settings = merged(arguments, arguments.sources, arguments.poll, DEFAULT_LISTEN, bare=".")
    check_guarded(settings)
    return settings


def merged(
    arguments: argparse.Namespace,
    sources: Sequence[str],
    poll: str | None,
    listen: str,
    *,
    listen_of: Callable[[ServerFile], str | None] = attrgetter("listen"),
    bare: str | None = None,
) -> Settings:
    """`listen`: where, when nobody says; `listen_of`: what the file says. `bare`: the source when nobody names one.

    Raises UsageError and ProblemsError.
    """
    from windlass.executors.named import all_runners
    from windlass.loading import server_file
    from windlass.loading.server_policies import policies_of

    named = arguments.config or os.environ.get("WINDLASS_CONFIG")
    model = server_file.read_server_file(Path(named)) if named else None
    host, port = _listen(pick(arguments.listen, "WINDLASS_LISTEN", listen_of(model) if model else None) or listen)
    interval = _interval(pick(poll, "WINDLASS_POLL", None))
    written = server_file.repositories_of(model) if model else ()
    kubernetes = server_file.kubernetes_of(model) if model else None
    if getattr(arguments, "kubernetes", False) and kubernetes is None:
        kubernetes = KubernetesSettings()
    told = kubernetes is not None or (model is not None and "repositories" in model.model_fields_set)
    sources = sources or ([bare] if bare and not told else [])
    settings = Settings(
        data=data_folder(arguments.data or os.environ.get("WINDLASS_DATA") or (model.data if model else None)),
        listen_host=host,
        listen_port=port,
        repositories=(*written, *_named(sources, interval, {r.name for r in written}, user_keys=model is None)),
        database=pick(None, "WINDLASS_DATABASE", model.database if model else None),
        secrets=server_file.webhook_keys_of(model) if model else {},
        stores=server_file.stores_of(model) if model else (),
        store_keys=server_file.store_keys_of(model) if model else (),
        store_managers=server_file.store_managers_of(model) if model else None,
        tokens=server_file.tokens_of(model) if model else (),
        limits=server_file.limits_of(model) if model else Settings(Path()).limits,
        retention=server_file.retention_of(model) if model else Settings(Path()).retention,
        libraries=server_file.libraries_of(model) if model else (),
        runners=server_file.runners_of(model) if model else {},
        runner=(model.runner if model else None) or "local",
        own_engine=model is None,
        objects=pick(None, "WINDLASS_OBJECTS", model.objects if model else None),
        external_url=pick(None, "WINDLASS_EXTERNAL_URL", model.external_url if model else None),
        json_log=arguments.log_format == "json",
        policies=policies_of(model) if model else (),
        controller=server_file.controller_of(model) if model else Settings(Path()).controller,
        kubernetes=kubernetes,
    )
    all_runners(settings.runners)
    return settings


def check_guarded(settings: Settings) -> None:
    """Raises UsageError when others than this machine could use it without a key."""
    if not settings.loopback and not settings.tokens:
        place = f"{settings.listen_host}:{settings.listen_port}"
        raise UsageError(
            f"--listen {place} is not loopback, and no authentication is configured",
            "add auth.tokens to the server file, or listen on 127.0.0.1",
        )


def pick(flag: str | None, variable: str, written: str | None) -> str | None:
    return flag or os.environ.get(variable) or written


def _listen(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--listen {text} is not HOST:PORT", "for example 127.0.0.1:7878")
    return host, int(port)


def _interval(text: str | None) -> int:
    if text is None:
        return RepositorySettings("", "").interval
    try:
        interval = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--poll {text} is no span", "for example 30s or 5m") from error
    if interval < 1000:
        raise UsageError(f"--poll {text} is too often", "1s is the least")
    return interval


def _named(sources: Iterable[str], interval: int, taken: set[str], *, user_keys: bool) -> Iterable[RepositorySettings]:
    """PATHs and URLs of the command line; names are made from them, with a number when taken.

    `user_keys`: a PATH's secrets are opened with this user's own keys.
    """
    from windlass.cli.work_tree import repository_name

    for source in sources:
        local = "://" not in source and not re.match(r"[A-Za-z0-9._-]+@[^/]+:", source)
        if local and not Path(source).exists():
            raise UsageError(f"{source} does not exist")
        git = str(Path(source).resolve()) if local else source
        base = repository_name(Path(git)) if local else _url_name(source)
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        taken.add(name)
        file = source.startswith("file://")
        keys = user_keys and local
        yield RepositorySettings(name, git, interval=interval, local=local or file, user_keys=keys)


def _url_name(url: str) -> str:
    from windlass.cli.work_tree import plain_name

    return plain_name(url.rstrip("/").rpartition("/")[2].rpartition(":")[2].removesuffix(".git"))
