"""std/http-request against servers of this test: what it sends, what it makes of answers, all that goes wrong."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.actions_library.conftest import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.actions_library.conftest import Act, Site

SECRET = "s3cr3t-value"


def test_status_and_body_are_outputs(act: Act, site: Site) -> None:
    site.paths["/%C3%A9"] = Answer(
        headers={"Content-Type": "text/plain; charset=latin-1"}, body="häl\nlo\n".encode("latin-1")
    )
    done = act(
        "http-request", url=f"{site.url}/é?a=ü&secret=1", token=SECRET, headers={"X-A": 1, "accept": "text/plain"}
    )
    assert done.code == 0, done.log
    assert done.outputs == {"status": "200", "body": "häl\nlo\n"}
    (asked,) = site.asked
    assert (asked.method, asked.path) == ("GET", "/%C3%A9?a=%C3%BC&secret=1")
    assert asked.headers["Authorization"] == f"Bearer {SECRET}"
    assert (asked.headers["X-A"], asked.headers["accept"]) == ("1", "text/plain")
    assert "secret" not in done.log


@pytest.mark.parametrize(
    ("body", "kind"),
    [('{"a": 1}', "application/json"), ("{a", "text/plain; charset=utf-8"), ("x=ä", "text/plain; charset=utf-8")],
)
def test_a_body_is_sent_as_what_it_is(act: Act, site: Site, body: str, kind: str) -> None:
    site.paths["/"] = Answer(201)
    assert act("http-request", url=site.url, method="POST", body=body).outputs["status"] == "201"
    assert (site.asked[0].method, site.asked[0].body.decode()) == ("POST", body)
    assert site.asked[0].headers["Content-Type"] == kind


def test_a_body_that_is_too_large_for_a_variable(act: Act, site: Site) -> None:
    site.paths["/"] = Answer()
    body = "ä" * 300_000
    assert act("http-request", url=site.url, method="PUT", body=body).code == 0
    assert site.asked[0].body.decode() == body


def test_a_name_and_password(act: Act, site: Site) -> None:
    act("http-request", url=site.url, username="ada", password="pä")
    assert site.asked[0].headers["Authorization"] == "Basic YWRhOnDDpA=="


@pytest.mark.parametrize(
    ("status", "expect", "fine"),
    [(404, None, False), (500, None, False), (304, None, True), (404, [200, 404], True), (200, [201], False)],
)
def test_which_statuses_fail(act: Act, site: Site, status: int, expect: list[int] | None, fine: bool) -> None:
    site.paths["/x"] = Answer(status, body=b"" if status == 304 else b"because\nof this")
    done = act("http-request", url=f"{site.url}/x?key=abc", **({"expect": expect} if expect else {}))
    assert done.outputs["status"] == str(status)
    assert done.code == (0 if fine else 1)
    if not fine:
        assert f"/x answered {status} " in done.said
        assert done.said.endswith("because of this")
        assert "abc" not in done.log


def test_a_redirect_to_the_same_place_keeps_the_token(act: Act, site: Site) -> None:
    site.paths |= {"/a": Answer(307, {"Location": "/b"}), "/b": Answer(body=b"here")}
    done = act("http-request", url=f"{site.url}/a", method="POST", body="[1]", token=SECRET)
    assert done.outputs["body"] == "here"
    assert [(one.method, one.body, one.headers["Authorization"]) for one in site.asked] == [
        ("POST", b"[1]", f"Bearer {SECRET}")
    ] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_redirect_to_another_place_goes_without_what_is_secret(
    act: Act, make_site: Callable[..., Site], host: str
) -> None:
    first, second = make_site(), make_site(host)
    first.paths["/a"] = Answer(302, {"Location": f"{second.url}/b"})
    second.paths["/b"] = Answer(303, {"Location": f"{first.url}/c"})
    first.paths["/c"] = Answer(body=b"here")
    given = {"X-Api-Key": "k", "Cookie": "c", "Content-Type": "text/csv"}
    done = act("http-request", url=f"{first.url}/a", method="POST", body="x", token=SECRET, headers=given)
    assert (done.code, done.outputs["body"]) == (0, "here")
    (asked,) = second.asked
    assert (asked.method, asked.body) == ("GET", b"")
    assert not {"Authorization", "X-Api-Key", "Cookie", "Content-Type"} & asked.headers.keys()
    assert "Authorization" not in first.asked[1].headers, "what was dropped does not come back"


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", f"http://ada:{SECRET}@127.0.0.1:9/", "http://[::1", "ftp://x/"]
)
def test_a_redirect_that_is_not_followed(act: Act, site: Site, place: str) -> None:
    site.paths["/"] = Answer(301, {"Location": place})
    assert "redirects to a place that cannot be followed" in (done := act("http-request", url=site.url)).said
    assert SECRET not in done.log
    assert act("http-request", url=site.url, expect=[301]).outputs["status"] == "301"


def test_redirects_without_an_end(act: Act, site: Site) -> None:
    site.paths["/"] = Answer(302, {"Location": "/"})
    assert act("http-request", url=site.url).said.endswith("more than 10 redirects")
    assert len(site.asked) == 11


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": f"http://ada:{SECRET}@127.0.0.1/"}, "url holds credentials"),
        ({"url": "mailto:ada@example.com"}, "url must begin with http:// or https://"),
        ({"url": "http://127.0.0.1:99999/"}, "url is no URL"),
        ({"url": "http://127.0.0.1/", "token": f"a\n{SECRET}"}, "token has characters"),
        ({"url": "http://127.0.0.1/", "headers": {"a": f"x\r\nB: {SECRET}"}}, "headers: 'a' or its value"),
        ({"url": "http://127.0.0.1/", "headers": {"a b": "x"}}, "headers: 'a b' or its value"),
        ({"url": "http://127.0.0.1/", "token": SECRET, "username": "a"}, "give one of them"),
        ({"url": "http://nowhere.invalid/"}, "the name of the host is not known"),
    ],
)
def test_what_cannot_be_sent(act: Act, given: dict[str, object], said: str) -> None:
    done = act("http-request", **given)
    assert said in done.said
    assert SECRET not in done.log


def test_nobody_listens(act: Act, free_port: int) -> None:
    said = act("http-request", url=f"http://127.0.0.1:{free_port}/x").said
    assert said == f"http-request: http://127.0.0.1:{free_port}/x: the connection is refused: nothing listens there"


@contextmanager
def listening(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """One connection, to which `speak` answers as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                speak(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join(30)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "broke off before there was an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "the answer broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "the answer broke off"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "the answer is no HTTP"),
    ],
)
def test_answers_that_are_none(act: Act, answer: bytes, said: str) -> None:
    for given in ({}, {"save": "x/y"}):
        with listening(lambda connection: connection.sendall(answer)) as port:
            assert said in act("http-request", url=f"http://127.0.0.1:{port}/", **given).said
    assert not [path for path in act.folder.rglob("*") if path.is_file()]


def test_an_answer_that_never_comes(act: Act) -> None:
    over = threading.Event()
    with listening(lambda _: over.wait(30) and None) as port:
        done = act("http-request", url=f"http://127.0.0.1:{port}/", timeout="300ms")
        over.set()
    assert done.said.endswith("/: no complete answer within 300ms")


def test_an_answer_that_drips(act: Act) -> None:
    """Each byte comes in time, the whole never does."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x")
                threading.Event().wait(0.05)
        except OSError:
            return

    with listening(drip) as port:
        assert act("http-request", url=f"http://127.0.0.1:{port}/", timeout="500ms").said.endswith("within 500ms")


def a_gigabyte(chunked: bool) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(1 << 30))))
        handler.end_headers()
        block = bytes(1 << 20)
        try:
            for _ in range(1 << 10):
                handler.wfile.write(b"100000\r\n" + block + b"\r\n" if chunked else block)
            handler.wfile.write(b"0\r\n\r\n" if chunked else b"")
        except OSError:
            return  # nobody wants to hear more

    return write


@pytest.mark.parametrize("chunked", [True, False])
def test_a_gigabyte_is_no_output(act: Act, site: Site, chunked: bool) -> None:
    site.paths["/"] = a_gigabyte(chunked)
    done = act("http-request", url=site.url, memory=200 << 20)
    assert "longer than 1 MiB" in done.said
    assert "save" in done.said


def test_a_gigabyte_into_a_file_takes_no_memory(act: Act, site: Site) -> None:
    site.paths["/"] = a_gigabyte(True)
    done = act("http-request", url=site.url, save="out/big", memory=200 << 20)
    assert (done.code, done.outputs) == (0, {"status": "200", "body": ""}), done.log
    assert (act.folder / "out/big").stat().st_size == 1 << 30
    (act.folder / "out/big").unlink()


def test_a_body_of_exactly_the_size(act: Act, site: Site) -> None:
    site.paths["/"] = Answer(body=b'"\\\n' * 349525 + b"x")
    done = act("http-request", url=site.url)
    assert len(done.outputs["body"]) == 1 << 20
    site.paths["/"] = Answer(body=b"x" * ((1 << 20) + 1))
    assert "longer than 1 MiB" in act("http-request", url=site.url).said


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "link/x"])
def test_nothing_is_saved_elsewhere(act: Act, site: Site, tmp_path: Path, name: str) -> None:
    site.paths["/"] = Answer(body=b"x")
    (act.folder / "link").symlink_to(tmp_path)
    assert "leads out of the working directory" in act("http-request", url=site.url, save=name).said
    assert not (tmp_path / "x").exists()


def test_a_file_that_cannot_be_written(act: Act, site: Site) -> None:
    site.paths["/"] = Answer(body=b"x")
    (act.folder / "a").write_text("")
    assert act("http-request", url=site.url, save="a/b").said.startswith("http-request: save: a/b: ")


def test_certificates(act: Act, make_site: Callable[..., Site], certificate: Path) -> None:
    secure = make_site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    secure.paths["/"] = Answer(body=b"safe")
    secure.server.socket = context.wrap_socket(secure.server.socket, server_side=True)
    secure.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it is told of a handshake
    url = secure.url.replace("http:", "https:")
    said = act("http-request", url=url, token=SECRET).said
    assert "its certificate is not trusted (self" in said
    assert "SSL_CERT_FILE" in said
    assert secure.asked == []
    trusting = {"SSL_CERT_FILE": str(certificate.with_suffix(".crt"))}
    assert act("http-request", url=url, env=trusting).outputs["body"] == "safe"
    other = act("http-request", url=url.replace("127.0.0.1", "127.0.0.2"), env=trusting)
    assert other.code == 1


def test_https_where_only_http_is_spoken(act: Act, site: Site) -> None:
    assert "no TLS connection" in act("http-request", url=site.url.replace("http:", "https:")).said
