"""What each server needs before anything is constructed: keys that can be read, a socket that is bound.

In: Settings. Out: values, or UsageError: a server that is set up wrongly refuses to start and has touched nothing.
"""

from __future__ import annotations

import hashlib
import socket
from typing import TYPE_CHECKING

from windlass.errors import UsageError
from windlass.secrets.server_keys import read_key
from windlass.triggers.webhook import check_secret

if TYPE_CHECKING:
    from windlass.settings import Settings

TOKEN_LEAST = 16  # characters: keys are made of it


def webhook_keys(settings: Settings) -> dict[str, list[bytes]]:
    """What webhooks are verified with, by name. Raises UsageError."""
    keys = {name: [read_key(source, name)] for name, source in settings.secrets.items()}
    for name, (key,) in keys.items():
        check_secret(name, key)
    return keys


def token_digests(settings: Settings) -> dict[str, bytes]:
    """The SHA-256 of each API key, by who holds it: the guard knows no more. Raises UsageError."""
    return {
        token.name: hashlib.sha256(read_key(token.source, f"auth.tokens[{number}]")).digest()
        for number, token in enumerate(settings.tokens)
    }


def internal_token(settings: Settings) -> bytes:
    """What controllers and replicas of the web know. Raises UsageError."""
    assert settings.controller.token is not None
    token = read_key(settings.controller.token, "controller.token")
    if len(token) < TOKEN_LEAST:
        raise UsageError(f"controller.token has fewer than {TOKEN_LEAST} characters", "try: openssl rand -hex 32")
    return token


def bound(settings: Settings) -> socket.socket:
    """The listening socket. Raises UsageError."""
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.listen_host, settings.listen_port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        message = f"cannot listen on {settings.listen_host}:{settings.listen_port}: {error.strerror}"
        raise UsageError(message, "choose another with --listen HOST:PORT; port 0 takes a free one") from error
    return listening


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def ledger_url(settings: Settings) -> str:
    return settings.database or f"sqlite:///{settings.data}/ledger.db"
