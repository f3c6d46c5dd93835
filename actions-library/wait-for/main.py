"""Looks at one thing again and again until it is there, or the time is up."""

import json
import os
import re
import socket
import sys
import time

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST_LOOK = 10  # seconds: what takes a connection and says nothing is not there yet


class Failed(Exception):
    """What is wrong, for the one line that people read."""


SILENT = "there is no answer"


class NotYet(Exception):
    """What one look saw."""


def given(name):
    return os.environ.get("INPUT_" + name, "")


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


def look_at_file(path, _patience):
    if not os.path.exists(path):
        raise NotYet("it is not there")


def look_at_tcp(place, patience):
    host, _, port = place.rpartition(":")
    with connected(host.strip("[]"), int(port), patience):
        pass


def connected(host, port, patience):
    try:
        return socket.create_connection((host, port), patience)
    except ConnectionRefusedError:
        raise NotYet("the connection is refused") from None
    except socket.gaierror:
        raise NotYet("the name of the host is not known") from None
    except TimeoutError:
        raise NotYet(SILENT) from None
    except OSError as error:
        raise NotYet(error.strerror or str(error)) from None


def look_at_http(url, patience):
    import http.client

    wanted = json.loads(given("EXPECT") or "[]")
    try:
        status = answered(url, patience)
    except TimeoutError:
        raise NotYet(SILENT) from None
    except http.client.HTTPException as error:
        raise NotYet(f"the answer is no HTTP ({type(error).__name__})") from None
    except OSError as error:
        raise NotYet(getattr(error, "verify_message", "") or error.strerror or str(error)) from None
    if status not in wanted if wanted else status >= 400:
        raise NotYet(f"it answers {status}")


def answered(url, patience):
    """The status; redirects are not followed."""
    import http.client
    from urllib.parse import quote, urlsplit

    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=patience)
    try:
        path = quote(parts.path or "/", safe="%/:@!$&'()*+,;=~-._")
        query = f"?{quote(parts.query, safe='%/?:@!$&()*+,;=~-._')}" if parts.query else ""
        connection.request("GET", path + query, headers={"User-Agent": "windlass"})
        return connection.getresponse().status
    finally:
        connection.close()


LOOKS = {"tcp": look_at_tcp, "http": look_at_http, "file": look_at_file}


def wanted():
    """(kind, place, place as it may be shown)."""
    named = [(kind, given(kind.upper())) for kind in LOOKS if given(kind.upper())]
    if len(named) != 1:
        raise Failed(
            f"say one of tcp, http and file; {len(named) or 'none'} of them {'is' if not named else 'are'} given"
        )
    kind, place = named[0]
    if kind == "tcp" and not 0 < int(place.rpartition(":")[2]) < 65536:
        raise Failed(f"tcp: {place} has no port from 1 to 65535")
    return kind, place, checked_url(place) if kind == "http" else place


def checked_url(url):
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Failed("http is no URL: its host or port cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failed("http must begin with http:// or https:// and name a host")
    if parts.username is not None:
        raise Failed("http holds credentials, which logs would show")
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}{parts.path}"  # a query may hold a secret


def wait():
    kind, place, shown = wanted()
    started, seen = time.monotonic(), ""
    interval, limit = max(seconds(given("INTERVAL") or "1s"), 0.01), seconds(given("TIMEOUT") or "5m")
    while True:
        left = limit - (time.monotonic() - started)
        patience = max(min(left, LONGEST_LOOK), 0.01)
        try:
            LOOKS[kind](place, patience)
            break
        except NotYet as found:
            cut_short = str(found) == SILENT and patience < 1  # says less than what was seen before
            if str(found) != seen and not (seen and cut_short):
                print(f"waiting for {shown}: {found}", flush=True)
                seen = str(found)
        left = limit - (time.monotonic() - started)
        if left <= 0:
            raise Failed(f"{shown} was not there within {given('TIMEOUT') or '5m'}: {seen}")
        time.sleep(min(interval, left))
    waited = round(time.monotonic() - started, 3)
    print(f"{shown} is there after {waited} s")
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"waited={waited}\n")


def main():
    try:
        wait()
    except Failed as error:
        sys.exit(f"wait-for: {error}")


if __name__ == "__main__":
    main()
