"""One HTTP request; its answer becomes the outputs `status` and `body`.

Written on http.client: what is imported here is paid for by every step that uses it.
"""

import json
import os
import re
import signal
import sys
import time
from contextlib import contextmanager


class Later(type(sys)):
    """Stands in for a module that others import and rarely use; it is loaded when it is asked for something."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


for rare in ("ssl", "random", "calendar", "datetime", "ipaddress"):
    sys.modules.setdefault(rare, Later(rare))

import http.client  # noqa: E402
from urllib.parse import quote, urljoin, urlsplit  # noqa: E402

LONGEST = 1 << 20  # bytes of the output `body`, as declared
MOST_REDIRECTS = 10
CHUNK = 1 << 16
SAFE = "%:@!$&'()*+,;=~-._"
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
PUBLIC = ("accept", "accept-language", "content-type", "user-agent")  # what another host may see too


class Failed(Exception):
    """What is wrong, for the one line that people read."""


class TimeUp(BaseException):
    """No library may take this for an error of its own."""


def given(name):
    found = os.environ.get("INPUT_" + name)
    # A value that is too large for a variable is in the file alone.
    return (
        large(name.lower())
        if found is None and os.path.getsize(os.environ["WINDLASS_INPUTS"]) > 1 << 16
        else found or ""
    )


def large(name):
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        found = json.load(file).get(name)
    return found if isinstance(found, str) else "" if found is None else json.dumps(found)


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


class Target:
    def __init__(self, url):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Failed("url is no URL: its host or port cannot be read") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failed(f"url must begin with http:// or https:// and name a host, not {parts.scheme or 'nothing'}:")
        if parts.username is not None:
            raise Failed("url holds credentials, which logs would show: use token, or username and password")
        self.url, self.secure, self.host = url, parts.scheme == "https", parts.hostname
        self.port = port or (443 if self.secure else 80)
        query = f"?{quote(parts.query, safe=SAFE + '?/')}" if parts.query else ""
        self.path = quote(parts.path or "/", safe=SAFE + "/") + query
        host = f"[{self.host}]" if ":" in self.host else self.host
        # Without the query: it may hold what no log should.
        self.shown = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"

    @property
    def origin(self):
        return self.secure, self.host, self.port


@contextmanager
def speaking_of(target):
    """What goes wrong between here and there, in words."""
    try:
        yield
    except TimeUp:
        raise Failed(f"{target.shown}: no complete answer within {given('TIMEOUT') or '30s'}") from None
    except OSError as error:
        raise Failed(f"{target.shown}: {reason(error)}") from None
    except http.client.HTTPException as error:
        said = "the answer broke off" if isinstance(error, http.client.IncompleteRead) else "the answer is no HTTP"
        raise Failed(f"{target.shown}: {said} ({type(error).__name__})") from None


def headers_given():
    found = {"User-Agent": "windlass", "Accept": "*/*"}
    for name, value in json.loads(given("HEADERS") or "{}").items():
        if value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        if not NAME.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
            raise Failed(f"headers: {name!r} or its value has characters that no header may have")
        found = {known: kept for known, kept in found.items() if known.lower() != name.lower()}
        found[name] = text.encode()
    credential = authorization()
    return {**found, "Authorization": credential} if credential else found


def authorization():
    token, user = given("TOKEN"), given("USERNAME")
    if token and user:
        raise Failed("token and username are two ways to say who you are: give one of them")
    if re.search(r"[^\x20-\x7e]", token.strip()):
        raise Failed("token has characters that no header may have, such as a line break in the middle")
    if token:
        return f"Bearer {token.strip()}"
    if user:
        from base64 import b64encode

        return "Basic " + b64encode(f"{user}:{given('PASSWORD')}".encode()).decode()
    return ""


def kind_of(body):
    if body.lstrip()[:1] in ("{", "["):
        try:
            json.loads(body)
        except ValueError:
            pass
        else:
            return "application/json"
    return "text/plain; charset=utf-8"


def ask(target, method, headers, body):
    """(connection, answer): the answer's body is not read yet."""
    if target.secure:
        import ssl

        connection = http.client.HTTPSConnection(target.host, target.port, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(target.host, target.port)
    with speaking_of(target):
        connection.request(method, target.path, body, headers)
        return connection, connection.getresponse()


def follow(target, method, headers, body, expected):
    for _ in range(MOST_REDIRECTS + 1):
        connection, answer = ask(target, method, headers, body)
        place = answer.getheader("Location")
        if answer.status not in (301, 302, 303, 307, 308) or answer.status in expected or not place:
            return target, connection, answer
        connection.close()
        if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
            method, body = "GET", None
            headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        target, before = redirected(target, place), target
        if target.origin != before.origin:
            headers = {name: value for name, value in headers.items() if name.lower() in PUBLIC}
        print(f"{answer.status}: on to {target.shown}", flush=True)
    raise Failed(f"{target.shown}: more than {MOST_REDIRECTS} redirects")


def redirected(target, place):
    place = place.encode("latin-1", "replace").decode("utf-8", "replace")
    try:
        return Target(urljoin(target.url, place))
    except (Failed, ValueError):
        said = f"{target.shown} redirects to a place that cannot be followed"
        raise Failed(f"{said}: only http and https without credentials in the URL are") from None


def text_of(answer):
    length = answer.getheader("Content-Length", "")
    too_long = "the answer is longer than 1 MiB, which is all that the output body holds: use save to keep it in a file"
    if length.isdigit() and int(length) > LONGEST:
        raise Failed(too_long)
    data = answer.read(LONGEST + 1)
    check_length(answer, len(data))
    try:
        text = data.decode(answer.headers.get_content_charset("utf-8"), "replace")
    except LookupError:  # a name of no encoding
        text = data.decode("utf-8", "replace")
    text = text.replace("\0", "\ufffd")
    if len(data) > LONGEST or len(text.encode("utf-8", "replace")) > LONGEST:
        raise Failed(too_long)
    return text


def check_length(answer, size):
    """A connection that ends early is no error to http.client when an amount was asked for."""
    length = answer.getheader("Content-Length", "")
    if length.isdigit() and size < int(length) and not answer.chunked:
        raise http.client.IncompleteRead(b"")


def keep(answer, name):
    """The answer into a file, which is there only when all of it is; its size."""
    path = os.path.realpath(name)
    if not path.startswith(os.path.realpath(".") + os.sep):
        raise Failed(f"save: {name} leads out of the working directory")
    unfinished, size = path + ".unfinished", 0
    try:
        with saving(name):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = open(unfinished, "wb")  # noqa: SIM115 (closed below; its errors are not those of the connection)
        with file:
            while chunk := answer.read(CHUNK):
                size += len(chunk)
                with saving(name):
                    file.write(chunk)
        check_length(answer, size)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.unlink(unfinished)
    return size


@contextmanager
def saving(name):
    try:
        yield
    except OSError as error:
        raise Failed(f"save: {name}: {error.strerror}") from None


def put_out(status, body):
    word = os.urandom(12).hex()
    with open(os.environ["WINDLASS_OUTPUT"], "ab") as file:
        file.write(f"status={status}\nbody<<{word}\n{body}\n{word}\n".encode("utf-8", "replace"))


def request():
    started = time.monotonic()
    expected = json.loads(given("EXPECT") or "[]")
    method, body = given("METHOD") or "GET", given("BODY").encode() or None
    headers = headers_given()
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = kind_of(given("BODY"))
    reached, connection, answer = follow(Target(given("URL")), method, headers, body, expected)
    with speaking_of(reached):
        text, size = ("", keep(answer, given("SAVE"))) if given("SAVE") else (text_of(answer), None)
        connection.close()
    put_out(answer.status, text)
    size = len(text.encode("utf-8", "replace")) if size is None else size
    spent = round((time.monotonic() - started) * 1000)
    print(f"{method} {reached.shown}: {answer.status} {answer.reason}, {size} bytes in {spent} ms")
    if answer.status not in expected if expected else answer.status >= 400:
        wanted = f", expected {' or '.join(map(str, expected))}" if expected else ""
        beginning = " ".join(text[:500].split())
        raise Failed(f"{reached.shown} answered {answer.status} {answer.reason}{wanted}: {beginning}".rstrip(": "))


def reason(error):
    kind = type(error).__name__
    if kind == "SSLCertVerificationError":
        own = "for an authority of your own, set SSL_CERT_FILE in env"
        return f"its certificate is not trusted ({error.verify_message}); {own}"
    if kind.startswith("SSL"):
        return f"no TLS connection: {getattr(error, 'reason', None) or error}"
    if kind == "gaierror":
        return "the name of the host is not known"
    if kind == "ConnectionRefusedError":
        return "the connection is refused: nothing listens there"
    if kind == "RemoteDisconnected" or isinstance(error, ConnectionError):
        return "the connection broke off before there was an answer"
    return error.strerror or str(error) or kind


def time_up(_signal, _frame):
    raise TimeUp


def main():
    signal.signal(signal.SIGALRM, time_up)
    # Again and again: whatever swallows the first one meets the next.
    signal.setitimer(signal.ITIMER_REAL, max(seconds(given("TIMEOUT") or "30s"), 0.001), 1)
    try:
        request()
    except Failed as error:
        sys.exit(f"http-request: {error}")
    except TimeUp:
        sys.exit("http-request: the time is up")


if __name__ == "__main__":
    main()
