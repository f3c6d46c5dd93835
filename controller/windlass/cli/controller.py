"""`windlass controller`: polls, triggers and runs; one of several that share a ledger, of which one leads.

In: flags, environment, server file. Out: on stdout `standby URL` once it waits, `ready URL` once it leads and the first
reconciliation is done; the log on stderr. The URL is for replicas of `windlass web` and for probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass import log
from windlass.cli.role_settings import settings_of_controller

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    settings = settings_of_controller(arguments)
    log.configure(json=settings.json_log)
    from windlass.roles.controller import serve

    return serve(settings)
