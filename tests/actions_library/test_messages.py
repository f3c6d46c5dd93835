"""std/notify and std/send-email: what arrives at real servers, and what is said when it does not."""

from __future__ import annotations

import email
import json
import socket
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.actions_library.conftest import Act, Answer, Site
from tests.actions_library.smtp import Mailbox

SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("to", "body"),
    [
        ("slack", {"text": "*T &lt;b&gt; – failed*\na &amp; b\n<http://x/|more>"}),
        ("slack://#ops", {"text": "*T &lt;b&gt; – failed*\na &amp; b\n<http://x/|more>", "channel": "#ops"}),
        ("discord", {"content": "**T <b> – failed**\na & b\n<http://x/>", "allowed_mentions": {"parse": []}}),
        ("webhook", {"text": "a & b", "title": "T <b>", "status": "failed", "link": "http://x/"}),
    ],
)
def test_what_each_service_gets(act: Act, site: Site, to: str, body: dict[str, Any]) -> None:
    site.paths[f"/hook/{SECRET}"] = Answer(204)
    done = act(
        "notify",
        to=to,
        url=f"{site.url}/hook/{SECRET}?k={SECRET}",
        text="a & b",
        title="T <b>",
        status="failed",
        link="http://x/",
    )
    assert done.code == 0, done.log
    (asked,) = site.asked
    assert (asked.method, json.loads(asked.body)) == ("POST", body)
    assert asked.headers["Content-Type"] == "application/json"
    assert SECRET not in done.log


def test_a_card_for_teams(act: Act, site: Site) -> None:
    site.paths["/"] = Answer(202)
    assert act("notify", to="teams", url=site.url, text="a", status="failed", link="http://x/").code == 0
    (attachment,) = json.loads(site.asked[0].body)["attachments"]
    head, text = attachment["content"]["body"]
    assert (head["text"], head["color"], text["text"]) == ("failed", "attention", "a")
    assert attachment["content"]["actions"][0]["url"] == "http://x/"


def test_a_text_that_is_too_long_is_cut(act: Act, site: Site) -> None:
    site.paths["/"] = Answer()
    act("notify", to="discord", url=site.url, text="ä" * 5000)
    content = json.loads(site.asked[0].body)["content"]
    assert 1900 < len(content) <= 2000
    assert content.endswith("ä…")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(404, body=b"no_service " + SECRET.encode()), "answered 404 Not Found: no_service"),
        (
            Answer(429, {"Retry-After": "7"}, b"slow down"),
            "429 Too Many Requests: slow down; it asks for a pause of 7 s",
        ),
        (Answer(302, {"Location": "http://elsewhere.invalid/"}), "answered 302 Found"),
        (Answer(500), "answered 500 Internal Server Error"),
    ],
)
def test_a_service_that_refuses(act: Act, site: Site, answer: Answer, said: str) -> None:
    site.paths[f"/{SECRET}"] = answer
    done = act("notify", to="slack", url=f"{site.url}/{SECRET}", text="a")
    assert said in done.said
    assert f"/{SECRET}" not in done.log


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"http://127.0.0.1:1/{SECRET}", "127.0.0.1:1: Connection refused"),
        (f"http://nowhere.invalid/{SECRET}", "nowhere.invalid: Name or service not known"),
        (f"ftp://127.0.0.1/{SECRET}", "url is no address of a webhook"),
        (f"http://127.0.0.1:99999/{SECRET}", "url is no URL"),
        (f"http://127.0.0.1/a b\r\n{SECRET}", "url is no address of a webhook"),
    ],
)
def test_nobody_to_tell(act: Act, url: str, said: str) -> None:
    done = act("notify", to="slack", url=url, text="a")
    assert said in done.said or "nowhere.invalid: " in done.said
    assert SECRET not in done.log


def test_the_address_may_stand_in_the_environment(act: Act, site: Site) -> None:
    site.paths[f"/{SECRET}"] = Answer()
    env = {"NOTIFY_URL": f"{site.url}/{SECRET}"}
    assert act("notify", env=env, to="slack://#shop", text="a").code == 0
    assert json.loads(site.asked[0].body)["channel"] == "#shop"
    site.paths[f"/{SECRET}"] = Answer(500, body=f"{site.url}/{SECRET}".encode())
    assert SECRET not in act("notify", env=env, to="slack", text="a").log
    nowhere = act("notify", to="slack", text="a")
    assert nowhere.outputs["windlass.errored"].startswith("url is not given, and NOTIFY_URL is not set")


def test_a_service_that_never_answers(act: Act) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"
        assert act("notify", to="slack", url=url, text="a", timeout="300ms").said.endswith(
            "did not answer within 300ms"
        )


def test_any_service_by_apprise(act: Act, site: Site, free_port: int) -> None:
    site.paths[f"/{SECRET}"] = Answer()
    given = {"to": "apprise", "text": "a <b>", "title": "Nightly", "status": "failed"}
    done = act("notify", url=f"json://{site.url[7:]}/{SECRET}", **given)
    assert (done.code, done.log) == (0, "told json by apprise\n")
    message = json.loads(site.asked[0].body)
    assert (message["title"], message["message"], message["type"]) == ("Nightly – failed", "a <b>", "failure")
    site.paths[f"/{SECRET}"] = Answer(500)
    refused = act("notify", url=f"json://{site.url[7:]}/{SECRET}", **given)
    assert refused.said == "notify: json did not take the message, or cannot be reached"
    nobody = act("notify", url=f"json://127.0.0.1:{free_port}/{SECRET}", **given)
    unknown = act("notify", url=f"nothing://{SECRET}", **given)
    assert "no address that apprise knows" in unknown.said
    assert SECRET not in refused.log + nobody.log + unknown.log


MAIL: dict[str, Any] = {"from": "Ada Lövelace <ada@example.com>", "to": ["grace@example.com"], "subject": "Grüße"}


def sent(act: Act, mailbox: Mailbox, **given: Any) -> Any:
    return act("send-email", **{"server": mailbox.place, **MAIL, **given}, env={"SSL_CERT_FILE": str(mailbox.trusted)})


def test_a_mail_with_all_that_it_may_have(act: Act, certificate: Path) -> None:
    (act.folder / "a.csv").write_text("1,2\n")
    (act.folder / "b ü.bin").write_bytes(bytes(range(256)))
    with Mailbox(certificate, users={"reports": SECRET}) as mailbox:
        more: dict[str, Any] = {
            "cc": ["Äda, B. <b@example.com>"],
            "bcc": ["hidden@example.com"],
            "attachments": ["*.csv", "b*"],
        }
        login = {"username": "reports", "password": SECRET}
        done = sent(act, mailbox, text="Hällo\n.\n..", html="<p>Hällo", **more, **login)
    assert done.code == 0, done.log
    (mail,) = mailbox.mails
    assert mail.encrypted
    assert (mail.sender, mail.receivers) == (
        "ada@example.com",
        ["grace@example.com", "b@example.com", "hidden@example.com"],
    )
    read = email.message_from_bytes(mail.data.replace(b"\r\n", b"\n"), policy=default)
    assert (read["Subject"], read["From"], read["To"]) == (
        "Grüße",
        "Ada Lövelace <ada@example.com>",
        "grace@example.com",
    )
    assert read["Cc"].addresses[0].display_name == "Äda, B."
    assert "hidden" not in mail.data.decode()
    assert read["Message-ID"] == done.outputs["message-id"]
    assert read.get_body(("plain",)).get_content() == "Hällo\n.\n..\n"
    assert read.get_body(("html",)).get_content() == "<p>Hällo\n"
    parts = {part.get_filename(): part.get_content() for part in read.iter_attachments()}
    assert parts == {"a.csv": "1,2\n", "b ü.bin": bytes(range(256))}
    assert SECRET not in done.log


@pytest.mark.parametrize(("tls", "encrypted"), [("always", True), ("never", False)])
def test_the_other_ways_to_connect(act: Act, certificate: Path, tls: str, encrypted: bool) -> None:
    with Mailbox(certificate, wrapped=tls == "always") as mailbox:
        assert sent(act, mailbox, tls=tls).code == 0
    assert [mail.encrypted for mail in mailbox.mails] == [encrypted]


@pytest.mark.parametrize(
    ("mailbox", "given", "said"),
    [
        ({"starttls": False}, {}, "offers no STARTTLS"),
        ({"users": {"a": "b"}}, {"username": "a", "password": SECRET}, "refuses this username and password (535)"),
        ({"refuse": ["grace@example.com"]}, {}, "refuses every receiver: grace@example.com: 550 no such user"),
        ({"refuse": ["b@example.com"]}, {"cc": ["b@example.com"]}, "sent, but not to all: b@example.com: 550"),
        ({"greeting": "554 go away"}, {}, "answered 554"),
        ({"greeting": "HTTP/1.1 400 Bad Request"}, {}, "127.0.0.1:"),
    ],
)
def test_a_server_that_refuses(
    act: Act, certificate: Path, mailbox: dict[str, Any], given: dict[str, Any], said: str
) -> None:
    with Mailbox(certificate, **mailbox) as box:
        done = sent(act, box, **given)
    assert said in done.said
    assert SECRET not in done.log
    assert len(box.mails) == ("not to all" in said)


def test_a_certificate_that_nobody_knows(act: Act, certificate: Path) -> None:
    with Mailbox(certificate) as mailbox:
        done = act("send-email", server=mailbox.place, **MAIL, username="a", password=SECRET)
    assert "self" in done.said
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"server": "127.0.0.1:1", "tls": "never"}, "127.0.0.1:1: Connection refused"),
        ({"server": "a b"}, "'a b' is not HOST or HOST:PORT"),
        ({"to": ["nobody"]}, "to: 'nobody' is no e-mail address"),
        ({"to": ["a@b.c\r\nBcc: x@y.z"]}, "is no e-mail address"),
        ({"from": "Ada"}, "from: 'Ada' is no e-mail address"),
        ({"subject": "a\nBcc: x@y.z"}, "subject: it is one line"),
        ({"attachments": ["no*"]}, "there is no file at no*"),
        ({"attachments": ["/etc/passwd"]}, "is not in the working directory"),
        ({"attachments": ["big"]}, "attachments have 26 MiB"),
        ({"tls": "never", "username": "a", "password": SECRET, "server": "smtp.example.com"}, "for everybody to read"),
    ],
)
def test_what_is_not_sent(act: Act, given: dict[str, Any], said: str) -> None:
    with (act.folder / "big").open("wb") as file:
        file.truncate(26 << 20)
    done = act("send-email", **{"server": "127.0.0.1:1", **MAIL, **given})
    assert said in done.said
    assert SECRET not in done.log


def test_a_server_that_never_answers(act: Act) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        assert act("send-email", **MAIL, server=place, timeout="200ms").said.endswith("no answer in time")
