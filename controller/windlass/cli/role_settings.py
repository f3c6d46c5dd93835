"""`windlass controller` and `windlass web`: as for `windlass up`, and what only several processes need.

In: the parsed flags, the environment. Out: Settings, or a refusal to start (exit 2).
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.cli.server_settings import check_guarded, merged, pick
from windlass.errors import UsageError
from windlass.settings import DEFAULT_CONTROLLER_LISTEN, DEFAULT_LISTEN, SecretSource
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    import argparse

    from windlass.settings import ControllerSettings, Settings
    from windlass_schemas.server_file import ServerFile

INTERNAL_TOKEN = "WINDLASS_INTERNAL_TOKEN"  # noqa: S105 - the name of a variable


def settings_of_controller(arguments: argparse.Namespace) -> Settings:
    """Raises UsageError and ProblemsError."""
    sources, poll = arguments.sources, arguments.poll
    settings = merged(arguments, sources, poll, DEFAULT_CONTROLLER_LISTEN, listen_of=_listen_of)
    written = _electing(_trusted(settings.controller))
    advertise = pick(arguments.advertise, "WINDLASS_ADVERTISE", written.advertise)
    if advertise is None and settings.listen_host in ("0.0.0.0", "::"):  # noqa: S104 - refused
        raise UsageError(
            f"--listen {settings.listen_host} is no address by which others find this controller",
            "say which one is: --advertise http://HOST:PORT",
        )
    return replace(settings, controller=replace(written, advertise=advertise))


def settings_of_web(arguments: argparse.Namespace) -> Settings:
    """Raises UsageError and ProblemsError."""
    settings = merged(arguments, (), None, DEFAULT_LISTEN)
    check_guarded(settings)
    return replace(settings, controller=_trusted(settings.controller))


def _listen_of(model: ServerFile) -> str | None:
    return model.controller.listen if model.controller is not None else None


def _trusted(written: ControllerSettings) -> ControllerSettings:
    token = SecretSource(env=INTERNAL_TOKEN) if os.environ.get(INTERNAL_TOKEN) else written.token
    if token is None:
        raise UsageError(
            "controller and web need a token that both know",
            f"put the same text into {INTERNAL_TOKEN}, or name it in the server file: controller.token",
        )
    return replace(written, token=token)


def _electing(written: ControllerSettings) -> ControllerSettings:
    """In a cluster the lease is an object of it, unless somebody says otherwise."""
    election = pick(None, "WINDLASS_ELECTION", written.election)
    found = replace(
        written,
        election=election or ("kubernetes" if os.environ.get("KUBERNETES_SERVICE_HOST") else "ledger"),
        lease_name=pick(None, "WINDLASS_LEASE_NAME", written.lease_name) or "",
        lease_namespace=pick(None, "WINDLASS_LEASE_NAMESPACE", written.lease_namespace),
        lease_duration=_span("WINDLASS_LEASE_DURATION", written.lease_duration),
        renew_deadline=_span("WINDLASS_RENEW_DEADLINE", written.renew_deadline),
        retry_period=_span("WINDLASS_RETRY_PERIOD", written.retry_period),
    )
    if not 10 <= found.retry_period * 1.2 < found.renew_deadline < found.lease_duration:
        raise UsageError("a lease needs retry period (and a fifth of it) < renew deadline < duration")
    return found


def _span(variable: str, written: int) -> int:
    text = os.environ.get(variable)
    if not text:
        return written
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{variable}={text} is no span", "for example 15s") from error
