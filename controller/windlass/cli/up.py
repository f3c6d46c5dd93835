"""`windlass up [PATH|URL…]`: everything in one process, until it is stopped.

In: flags, environment, server file. Out: one line on stdout, `ready http://…`, when the API answers and the first
reconciliation is done; the log on stderr. SIGTERM and SIGINT stop taking work and leave running steps to be adopted; a
second SIGINT within 5 s kills the steps too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass import log
from windlass.cli.server_settings import settings_of

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    log.configure(json=settings.json_log)
    from windlass.wiring import serve

    return serve(settings)
