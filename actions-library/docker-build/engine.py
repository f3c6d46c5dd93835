"""The engine that DOCKER_HOST names, as far as a build needs it."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import sys
from urllib.parse import quote, urlencode, urlsplit

from tool import Failed, Missing

INSTALL = "start one, name it in DOCKER_HOST, or run the step on a docker runner"
LONGEST = 1 << 20  # bytes of one piece of news
UNREADABLE = "what answers at %s is no Docker engine: it says what cannot be read"


class Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Engine:
    def __init__(self):
        self.host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"

    def ask(self):
        """Whether there is one; else the step is errored."""
        try:
            self.json("/version")
        except OSError as error:
            why = getattr(error, "verify_message", "") or error.strerror or type(error).__name__
            raise Missing(f"no Docker engine answers at {self.host} ({why}): {INSTALL}") from error

    def json(self, path):
        answer = self._answer("GET", path, {}, None, {})
        try:
            found = json.loads(answer.read(LONGEST))
        except (ValueError, http.client.HTTPException) as error:
            raise Failed(UNREADABLE % self.host) from error
        if not isinstance(found, dict):
            raise Failed(UNREADABLE % self.host)
        return found

    def follow(self, path, query, body, headers):
        """What it tells goes to the log as it comes; the last `aux` of each name is the result."""
        found = {}
        answer = self._answer("POST", path, query, body, headers)
        while line := self._line(answer):
            try:
                news = json.loads(line) if line.strip() else {}
            except ValueError as error:
                raise Failed(UNREADABLE % self.host) from error
            if not isinstance(news, dict):
                raise Failed(UNREADABLE % self.host)
            if news.get("error"):
                raise Failed(str(news["error"]).strip())
            found |= news.get("aux") or {}
            self._show(news)
        return found

    def _line(self, answer):
        try:
            return answer.readline(LONGEST)
        except http.client.HTTPException as error:
            raise Failed(f"the engine at {self.host} went away: {type(error).__name__}") from error

    def _show(self, news):
        if "stream" in news:
            sys.stdout.write(news["stream"])
        elif "status" in news and "progress" not in news and not news.get("progressDetail"):
            sys.stdout.write(f"{news['id']}: {news['status']}\n" if "id" in news else f"{news['status']}\n")
        sys.stdout.flush()

    def _answer(self, method, path, query, body, headers):
        if body is not None:
            headers = {**headers, "Content-Length": str(body.seek(0, os.SEEK_END))}
            body.seek(0)
        connection = self._connection()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has refused early: its answer says why
            connection.request(method, quote(path) + (f"?{urlencode(query)}" if query else ""), body, headers)
        try:
            answer = connection.getresponse()
        except http.client.HTTPException as error:
            raise Failed(f"the engine at {self.host} does not answer: {error or type(error).__name__}") from error
        if 300 <= answer.status < 400:
            raise Failed(f"what answers at {self.host} is no Docker engine: it sends elsewhere ({answer.status})")
        if answer.status >= 400:
            text = answer.read(1 << 16).decode("utf-8", "replace")
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                text = text.strip() or f"status {answer.status}"
            raise Failed(text)
        return answer

    def _connection(self):
        scheme, _, rest = self.host.partition("://")
        if scheme == "unix":
            return Socket(rest)
        parts = urlsplit(self.host)
        if scheme not in ("tcp", "http", "https") or not parts.hostname:
            raise Failed(f"DOCKER_HOST {self.host} is no address that can be used: unix:///PATH or tcp://HOST:PORT")
        if scheme != "https" and not os.environ.get("DOCKER_TLS_VERIFY"):
            return http.client.HTTPConnection(parts.hostname, parts.port or 2375)
        folder = os.environ.get("DOCKER_CERT_PATH") or os.path.expanduser("~/.docker")
        authority, own = os.path.join(folder, "ca.pem"), os.path.join(folder, "cert.pem")
        context = ssl.create_default_context(cafile=authority if os.path.exists(authority) else None)
        if os.path.exists(own):
            context.load_cert_chain(own, os.path.join(folder, "key.pem"))
        return http.client.HTTPSConnection(parts.hostname, parts.port or 2376, context=context)
