"""`windlass web`: the API of an installation whose controllers run elsewhere; any number of replicas.

In: flags, environment, server file. Out: `ready URL` on stdout once it answers; the log on stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass import log
from windlass.cli.role_settings import settings_of_web

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    settings = settings_of_web(arguments)
    log.configure(json=settings.json_log)
    from windlass.roles.web import serve

    return serve(settings)
