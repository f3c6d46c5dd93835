"""One message to one incoming webhook, in the form that the service wants."""

import json
import os
import re
import signal
import sys


class Later(type(sys)):
    """Stands in for a module that others import and rarely use; it is loaded when it is asked for something."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


for rare in ("ssl", "random", "calendar", "datetime", "ipaddress"):
    sys.modules.setdefault(rare, Later(rare))

import http.client  # noqa: E402
from urllib.parse import urlsplit  # noqa: E402

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = {"slack": 35_000, "teams": 20_000, "discord": 1_900, "webhook": 1_000_000}  # characters the services take
COLOURS = {"succeeded": "good", "failed": "attention", "errored": "attention", "cancelled": "warning"}


class Failed(Exception):
    """What is wrong, for the one line that people read. The address is never in it: it is a secret."""


class TimeUp(BaseException):
    """No library may take this for an error of its own."""


def given(name):
    return os.environ.get("INPUT_" + name, "")


def address():
    return given("URL").strip() or os.environ.get("NOTIFY_URL", "").strip()


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


def target():
    try:
        parts = urlsplit(address())
        port = parts.port
    except ValueError:
        raise Failed("url is no URL") from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or re.search(r"[^\x21-\x7e]", parts.path + parts.query)
    ):
        raise Failed("url is no address of a webhook: it begins with https:// and has no blanks")
    return parts, port


def cut(text, kind):
    return text if len(text) <= LONGEST[kind] else text[: LONGEST[kind]] + "…"


def heading():
    return " – ".join(part for part in (given("TITLE"), given("STATUS")) if part)


def for_slack(channel):
    def plain(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    head = f"*{plain(heading())}*\n" if heading() else ""
    more = f"\n<{given('LINK')}|more>" if given("LINK") else ""
    message = {"text": head + plain(cut(given("TEXT"), "slack")) + more}
    return {**message, "channel": channel} if channel else message


def for_teams(_channel):
    colour = COLOURS.get(given("STATUS"), "default")
    head = {"type": "TextBlock", "text": heading(), "weight": "bolder", "size": "medium", "color": colour, "wrap": True}
    body = [head] if heading() else []
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "body": [*body, {"type": "TextBlock", "text": cut(given("TEXT"), "teams"), "wrap": True}],
    }
    if given("LINK"):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "More", "url": given("LINK")}]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


def for_discord(_channel):
    head = f"**{heading()}**\n" if heading() else ""
    more = f"\n<{given('LINK')}>" if given("LINK") else ""
    text = cut(head + given("TEXT"), "discord") + more
    return {"content": text[:2000], "allowed_mentions": {"parse": []}}  # nobody is woken by what a log said


def for_webhook(channel):
    message = {name.lower(): given(name) for name in ("TITLE", "STATUS", "LINK") if given(name)}
    return {"text": cut(given("TEXT"), "webhook"), **message, **({"channel": channel} if channel else {})}


FORMS = {"slack": for_slack, "teams": for_teams, "discord": for_discord, "webhook": for_webhook}


def errored(said):
    """The step could not do its work, and that is no word of the service."""
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"windlass.errored={said}\n")
    raise Failed(said.removeprefix("tool-missing: ")) from None


def by_apprise():
    """What the package apprise knows, by its kind of address. What it logs may hold that, so nobody sees it."""
    try:
        import logging

        import apprise
    except ImportError:
        errored("tool-missing: apprise is not installed where this step runs: pip install apprise")
    logging.getLogger("apprise").addHandler(logging.NullHandler())
    logging.getLogger("apprise").propagate = False
    service, told = address().partition("://")[0], apprise.Apprise()
    if not told.add(address()):
        raise Failed("url is no address that apprise knows: SERVICE://…, see https://appriseit.com")
    kind = {"good": "success", "attention": "failure", "warning": "warning"}.get(
        COLOURS.get(given("STATUS"), ""), "info"
    )
    try:
        sent = told.notify(body=given("TEXT"), title=heading(), notify_type=kind)
    except TimeUp:
        raise Failed(f"{service} did not answer within {given('TIMEOUT') or '30s'}") from None
    if not sent:
        raise Failed(f"{service} did not take the message, or cannot be reached")
    print(f"told {service} by apprise")


def send():
    if not address():
        missing = "url is not given, and NOTIFY_URL is not set: the address of the incoming webhook, a secret"
        errored(missing)
    if given("TO") == "apprise":
        by_apprise()
        return
    kind, _, channel = given("TO").partition("://")
    parts, port = target()
    body = json.dumps(FORMS[kind](channel)).encode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    where = f"{parts.hostname}{f':{port}' if port else ''}"
    try:
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = made(parts.hostname, port)
        connection.request("POST", path, body, {"Content-Type": "application/json", "User-Agent": "windlass"})
        answer = connection.getresponse()
        said = " ".join(answer.read(500).decode("utf-8", "replace").split())
        connection.close()
    except TimeUp:
        raise Failed(f"{where} did not answer within {given('TIMEOUT') or '30s'}") from None
    except http.client.HTTPException as error:
        raise Failed(f"{where}: the answer is no HTTP ({type(error).__name__})") from None
    except OSError as error:
        raise Failed(
            f"{where}: {getattr(error, 'verify_message', '') or error.strerror or type(error).__name__}"
        ) from None
    if answer.status >= 300:
        wait = answer.getheader("Retry-After")
        hint = f"; it asks for a pause of {wait} s" if answer.status == 429 and wait else ""
        said = said.replace(address(), "***").replace(parts.path, "***") if len(parts.path) > 1 else said
        raise Failed(f"{where} answered {answer.status} {answer.reason}: {said}".rstrip(": ") + hint)
    print(f"told {kind}{f' {channel}' if channel else ''} at {where}")


def time_up(_signal, _frame):
    raise TimeUp


def main():
    signal.signal(signal.SIGALRM, time_up)
    # Again and again: whatever swallows the first one meets the next.
    signal.setitimer(signal.ITIMER_REAL, max(seconds(given("TIMEOUT") or "30s"), 0.001), 1)
    try:
        send()
    except Failed as error:
        sys.exit(f"notify: {error}")
    except TimeUp:
        sys.exit("notify: the time is up")


if __name__ == "__main__":
    main()
