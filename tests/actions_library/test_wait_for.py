"""std/wait-for: what is there at once, what comes later, what never comes."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.actions_library.conftest import Answer

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.actions_library.conftest import Act, Site

SOON: dict[str, str] = {"interval": "10ms", "timeout": "90s"}
NEVER: dict[str, str] = {"interval": "10ms", "timeout": "2s"}


def test_what_is_there(act: Act, site: Site) -> None:
    site.paths["/up"] = Answer(204)
    (act.folder / "file").touch()
    for given in ({"tcp": site.url[7:]}, {"http": f"{site.url}/up?a=b"}, {"file": "file"}, {"file": str(act.folder)}):
        done = act("wait-for", **given)
        assert done.code == 0, done.log
        assert float(done.outputs["waited"]) < 300
    assert site.asked[0].path == "/up?a=b"


def test_an_address_that_is_fine_at_the_third_look(act: Act, site: Site) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200 if len(site.asked) > 2 else 503)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.paths["/"] = answer
    done = act("wait-for", http=f"{site.url}/?key=abc", expect=[200], **SOON)
    assert (done.code, len(site.asked)) == (0, 3)
    assert done.log.count("it answers 503") == 1, "said once, not for each look"
    assert "abc" not in done.log


def test_a_last_look_that_is_cut_short_does_not_hide_what_was_seen(act: Act, site: Site) -> None:
    over = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if len(site.asked) > 1:
            over.wait(20)
            return
        handler.send_response(500)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.paths["/"] = answer
    done = act("wait-for", http=site.url, timeout="5s", interval="4500ms")  # the first has time, the second has not
    over.set()
    assert done.said.endswith("was not there within 5s: it answers 500")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"file": "nothing"}, "nothing was not there within 2s: it is not there"),
        ({"tcp": "127.0.0.1:1"}, "127.0.0.1:1 was not there within 2s: the connection is refused"),
        ({"tcp": "nowhere.invalid:80"}, "the name of the host is not known"),
        ({"http": "http://127.0.0.1:1/x"}, "http://127.0.0.1:1/x was not there within 2s: "),
        ({"http": "http://ada:secret@127.0.0.1:1/x"}, "http holds credentials"),
        ({"http": "file:///etc/passwd"}, "must begin with http://"),
        ({"http": "http://127.0.0.1:99999/"}, "http is no URL"),
        ({"tcp": "127.0.0.1:99999"}, "no port from 1 to 65535"),
        ({}, "say one of tcp, http and file; none of them"),
        ({"file": "a", "tcp": "127.0.0.1:1"}, "say one of tcp, http and file; 2 of them"),
    ],
)
def test_what_never_comes(act: Act, given: dict[str, Any], said: str) -> None:
    done = act("wait-for", **given, **NEVER)
    assert said in done.said
    assert "secret" not in done.log


@pytest.mark.parametrize("words", [b"", b"SSH-2.0\r\n"])
def test_something_else_that_listens(act: Act, words: bytes) -> None:
    """One that never says a word, and one that says the wrong ones."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            server.settimeout(0.05)
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                if words:
                    connection.sendall(words)
                kept.append(connection)

        kept: list[socket.socket] = []
        thread = threading.Thread(target=serve)
        thread.start()
        done = act("wait-for", http=f"http://127.0.0.1:{server.getsockname()[1]}/", **NEVER)
        over.set()
        thread.join()
        for connection in kept:
            connection.close()
    assert ("the answer is no HTTP" if words else "there is no answer") in done.said
