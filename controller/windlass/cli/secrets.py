"""`windlass secrets check|encrypt|set|list|rm|rotate`: each in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    _refuse_values(arguments)
    if arguments.what == "check":
        from windlass.cli.secrets_check import check

        return check(arguments)
    if arguments.what == "encrypt":
        from windlass.cli.secrets_encrypt import encrypt

        return encrypt(arguments)
    from windlass.cli.secrets_store import COMMANDS

    return COMMANDS[arguments.what](arguments)


def _refuse_values(arguments: argparse.Namespace) -> None:
    """Raises UsageError, which repeats nothing of what may be a value."""
    if arguments.what == "set" and (arguments.more or arguments.value is not None or "=" in (arguments.name or "")):
        raise UsageError(
            "a value is never given on the command line, where everybody on this machine could read it",
            "pipe it: pass show db | windlass secrets set NAME, or --file FILE",
        )
    if arguments.more or arguments.value is not None:
        raise UsageError(f"windlass secrets {arguments.what} takes at most one NAME")
