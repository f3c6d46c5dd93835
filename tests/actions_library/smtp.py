"""A real SMTP server on loopback, small: STARTTLS, TLS from the first byte, AUTH PLAIN and LOGIN, refusals."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass
class Mail:
    encrypted: bool
    sender: str = ""
    receivers: list[str] = field(default_factory=list)
    data: bytes = b""


class Mailbox:
    """`with Mailbox(certificate) as mailbox`: what came is in `mails`."""

    def __init__(
        self,
        certificate: Path,
        *,
        users: Mapping[str, str] | None = None,
        starttls: bool = True,
        wrapped: bool = False,
        refuse: Sequence[str] = (),
        greeting: str = "220 here",
    ) -> None:
        self.mails: list[Mail] = []
        self.trusted = certificate.with_suffix(".crt")
        self._users, self._starttls, self._wrapped = users or {}, starttls, wrapped
        self._refuse, self._greeting = refuse, greeting
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # it was closed
            with ExitStack() as opened:
                try:
                    self._speak(connection, opened)
                except OSError:
                    continue  # whoever called has hung up: not every certificate is liked

    def _speak(self, connection: socket.socket, opened: ExitStack) -> None:
        opened.callback(connection.close)
        if self._wrapped:
            connection = opened.enter_context(self._context.wrap_socket(connection, server_side=True))
        stream = opened.enter_context(connection.makefile("rwb"))

        def say(text: str) -> None:
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        def hear() -> str:
            return stream.readline().decode().rstrip("\r\n")

        mail, encrypted = Mail(self._wrapped), self._wrapped
        say(self._greeting)
        while line := hear():
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO":
                    offers = ["STARTTLS"] if self._starttls and not encrypted else []
                    offers += ["AUTH PLAIN LOGIN"] if self._users else []
                    lines = ["here", *offers]
                    for at, one in enumerate(lines):
                        say(f"250{' ' if at == len(lines) - 1 else '-'}{one}")
                case "STARTTLS":
                    say("220 go")
                    connection = opened.enter_context(self._context.wrap_socket(connection, server_side=True))
                    stream, encrypted = opened.enter_context(connection.makefile("rwb")), True
                    mail = Mail(True)
                case "AUTH":
                    kind, _, first = rest.partition(" ")
                    say_or = first
                    if kind == "PLAIN":
                        _, user, password = base64.b64decode(say_or).decode().split("\0")
                    else:
                        user = base64.b64decode(say_or).decode() if say_or else ""
                        say("334 UGFzc3dvcmQ6")
                        password = base64.b64decode(hear()).decode()
                    say("235 fine" if self._users.get(user) == password else "535 wrong")
                case "MAIL":
                    mail.sender = rest.partition("<")[2].partition(">")[0]
                    say("250 fine")
                case "RCPT":
                    receiver = rest.partition("<")[2].partition(">")[0]
                    if receiver in self._refuse:
                        say("550 no such user")
                    else:
                        mail.receivers.append(receiver)
                        say("250 fine")
                case "DATA":
                    say("354 go")
                    lines_of_data = []
                    while (data := stream.readline()) not in (b".\r\n", b""):
                        lines_of_data.append(data[1:] if data.startswith(b"..") else data)
                    mail.data = b"".join(lines_of_data)
                    self.mails.append(mail)
                    say("250 kept")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 fine")
