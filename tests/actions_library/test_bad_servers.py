"""What servers do to those who ask them, against every action that asks one: each ends with one line that says so,
without a traceback, in bounded memory, and with no secret in the log or at a third party."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.actions_library.conftest import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.actions_library.conftest import Act, Done, Site

SECRET = "s3cr3t-value"
MEMORY = 400 << 20
BLOCK = bytes(1 << 20)
SOON, LATER = "1s", "50s"


def http_request(act: Act, url: str, limit: str = LATER) -> Done:
    return act("http-request", url=url, token=SECRET, timeout=limit, memory=MEMORY)


def notify(act: Act, url: str, limit: str = LATER) -> Done:
    return act("notify", to="slack", url=f"{url}/{SECRET}", text="a", timeout=limit, memory=MEMORY)


def s3(act: Act, url: str, limit: str = LATER) -> Done:
    keys = {"access-key": "AKID", "secret-key": SECRET}
    return act("s3", command="list", bucket="shop", endpoint=url, timeout=limit, memory=MEMORY, **keys)


def wait_for(act: Act, url: str, _limit: str = LATER) -> Done:
    return act("wait-for", http=f"{url}/?key={SECRET}", interval="50ms", timeout="2s", memory=MEMORY)


def git_clone(act: Act, url: str, limit: str = LATER) -> Done:
    return act("git-clone", url=f"{url}/x.git", token=SECRET, timeout=limit)


def git_commit(act: Act, url: str, limit: str = LATER) -> Done:
    (act.folder / "a").touch()
    return act("git-commit", url=f"{url}/x.git", token=SECRET, timeout=limit, message="m", **{"from": ["a"]})


def docker_build(act: Act, url: str, limit: str = LATER) -> Done:
    (act.folder / "Dockerfile").write_text("FROM scratch\n")
    scheme, _, place = url.partition("://")
    host = f"{'tcp' if scheme == 'http' else scheme}://{place}"
    given = {"username": "ada", "password": SECRET, "timeout": limit}
    return act("docker-build", env={"DOCKER_HOST": host}, memory=MEMORY, **given)


def send_email(act: Act, url: str, limit: str = LATER) -> Done:
    given = {"from": "a@example.com", "to": ["b@example.com"], "subject": "x", "timeout": limit}
    tls = "always" if url.startswith("https") else "never"
    login = {"username": "ada", "password": SECRET}
    return act("send-email", server=url.rpartition("/")[2], tls=tls, memory=MEMORY, **given, **login)


ASKING = [http_request, notify, s3, wait_for, git_clone, git_commit, docker_build, send_email]
OVER_HTTP = [one for one in ASKING if one is not send_email]


@contextmanager
def server(speak: Callable[[socket.socket], None], certificate: Path | None = None) -> Iterator[str]:
    """Its address. Each connection is spoken to until the other side goes."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    over = threading.Event()
    kept: list[socket.socket] = []

    def one(connection: socket.socket) -> None:
        with suppress(OSError):
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
                kept.append(connection)
            speak(connection)

    def serve() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                kept.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http{'s' if context else ''}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()
            for connection in kept:
                connection.close()


def says(data: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    return speak


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def without_end(head: bytes, piece: bytes, pieces: int) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(pieces):
            connection.sendall(piece)

    return speak


def clear(done: Done, *words: str) -> None:
    """Failed or errored, and one of these words in the last line."""
    assert any(word in done.said for word in words), done.log
    assert SECRET not in done.log
    assert len(done.log) < 4000, "not the whole answer"


@pytest.mark.parametrize("ask", ASKING, ids=lambda one: one.__name__)
def test_nobody_listens(act: Act, ask: Callable[..., Done], free_port: int) -> None:
    clear(ask(act, f"http://127.0.0.1:{free_port}"), "refused", "Couldn't connect", "Failed to connect")


@pytest.mark.parametrize("ask", ASKING, ids=lambda one: one.__name__)
def test_no_answer(act: Act, ask: Callable[..., Done]) -> None:
    with server(silent) as url:
        clear(
            ask(act, url, SOON),
            "within 1s",
            "within 2s",
            "no answer in time",
            "is not there",
            "keeps silent",
            "not done within",
        )


@pytest.mark.parametrize("ask", OVER_HTTP, ids=lambda one: one.__name__)
def test_a_500(act: Act, ask: Callable[..., Done]) -> None:
    body = b"Content-Length: 4\r\nConnection: close\r\n\r\noops"
    with server(says(b"HTTP/1.1 500 Internal Server Error\r\n" + body)) as url:
        clear(ask(act, url), "500", "oops")


@pytest.mark.parametrize("ask", [*ASKING], ids=lambda one: one.__name__)
def test_a_certificate_that_nobody_knows(act: Act, ask: Callable[..., Done], certificate: Path) -> None:
    with server(silent, certificate) as url:
        clear(ask(act, url), "self-signed", "self signed", "certificate")


@pytest.mark.parametrize("ask", ASKING, ids=lambda one: one.__name__)
def test_another_protocol(act: Act, ask: Callable[..., Done]) -> None:
    with server(says(b"SSH-2.0-OpenSSH_9.2\r\n")) as url:
        clear(ask(act, url), "no HTTP", "HTTP/0.9", "does not answer", "no SMTP")


@pytest.mark.parametrize("ask", ASKING, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", BLOCK),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + BLOCK + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"a" * (1 << 20)),
        (b"220-", b"a\r\n220-" * (1 << 17)),
    ],
    ids=["a body", "chunks", "a header", "lines"],
)
def test_a_gigabyte(act: Act, ask: Callable[..., Done], head: bytes, piece: bytes) -> None:
    with server(without_end(head, piece, (1 << 30) // len(piece))) as url:
        done = ask(act, url)
    assert done.code in (0, 1)
    assert "Traceback" not in done.log
    assert "MemoryError" not in done.log
    assert SECRET not in done.log
    assert len(done.log) < 4000


def sends_to(where: str, status: int) -> Callable[[socket.socket], None]:
    """To the same path elsewhere, once whoever asks has said who it is; git does so when it is asked."""

    def speak(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        path = request.split()[1].decode()
        who = b'401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"'
        moved = f"{status} Moved\r\nLocation: {where}{path}".encode()
        known = b"\nAuthorization:" in request or b".git" not in request
        says(b"HTTP/1.1 " + (moved if known else who) + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")(
            connection
        )

    return speak


@pytest.mark.parametrize("ask", OVER_HTTP, ids=lambda one: one.__name__)
@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_elsewhere(act: Act, ask: Callable[..., Done], site: Site, status: int) -> None:
    """The other place may be asked, but hears nothing that is secret."""
    site.otherwise = Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
    with server(sends_to(f"http://localhost:{site.server.server_port}", status)) as url:
        done = ask(act, url)
    assert SECRET not in done.log
    assert "Traceback" not in done.log
    follows = ask in (http_request, git_clone, git_commit)
    assert bool(site.asked) == follows
    assert done.code == (0 if ask is wait_for else 1)
    told: list[Any] = [(one.path, one.headers, one.body) for one in site.asked]
    assert SECRET not in str(told)
    assert "Authorization" not in str(told)
