"""`windlass secrets check|encrypt|set|list|rm|rotate`: each in a module of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def command(arguments: argparse.Namespace) -> int:
    if arguments.what == "check":
        from windlass.cli.secrets_check import check

        return check(arguments)
    if arguments.what == "encrypt":
        from windlass.cli.secrets_encrypt import encrypt

        return encrypt(arguments)
    from windlass.cli.secrets_store import COMMANDS

    return COMMANDS[arguments.what](arguments)
