"""A port for a server that wants to be told one.

Port 0 would give one of those that the kernel hands out to every connection: between the moment when it was free and
the moment when the server takes it, somebody else may have it. These are below them.
"""

from __future__ import annotations

import random
import socket
from contextlib import suppress

LOWEST, HIGHEST = 20_000, 32_000


def free_port(address: str = "127.0.0.1") -> int:
    """Nobody has it, and nobody gets it by accident."""
    while True:
        port = random.SystemRandom().randint(LOWEST, HIGHEST)
        with socket.socket() as probe, suppress(OSError):  # somebody has it
            probe.bind((address, port))
            return port
