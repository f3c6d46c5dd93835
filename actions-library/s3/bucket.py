"""The requests that a bucket understands, signed (Signature Version 4), each with its answer checked.

Written on http.client: what is imported here is paid for by every step that uses it. Redirects are not followed: a
signature is for one host.
"""

import os
import re
import sys
import time


class Later(type(sys)):
    """Stands in for a module that others import and rarely use; it is loaded when it is asked for something."""

    def __getattr__(self, name):
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(__import__(self.__name__), name)


for rare in ("ssl", "hashlib", "hmac", "datetime", "random", "calendar", "ipaddress"):
    sys.modules.setdefault(rare, Later(rare))

import datetime  # noqa: E402
import hashlib  # noqa: E402
import hmac  # noqa: E402
import http.client  # noqa: E402
from urllib.parse import quote, urlsplit  # noqa: E402

CHUNK = 1 << 20
ATTEMPTS = 4
PAUSE = 0.2  # seconds before the second attempt; twice as long each time
SILENT = 60  # seconds without a byte
MOST_OF_AN_ANSWER = 8 << 20  # bytes: a list of 1,000 keys of 1,024 characters is about two
AGAIN = (500, 502, 503, 504)


class Failed(Exception):
    """What is wrong, for the one line that people read."""


def quoted(text, safe=""):
    return quote(text, safe=safe + "-_.~")


class Bucket:
    """`keys`: (id, secret, token); without an id nothing is signed, which public buckets allow."""

    def __init__(self, name, region, endpoint, keys):
        self.name, self.region, self.keys = name, region, keys
        parts = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
        try:
            port = parts.port
        except ValueError:
            raise Failed("endpoint is no URL: its port cannot be read") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise Failed("endpoint begins with http:// or https:// and holds no credentials")
        own = not endpoint and "." not in name  # a certificate of *.s3… is for names without dots
        self.secure, self.port = parts.scheme == "https", port
        self.name_of_host = f"{name}.{parts.hostname}" if own else parts.hostname
        self.host = self.name_of_host + (f":{port}" if port else "")
        self.base = parts.path.rstrip("/") + ("" if own else f"/{quoted(name)}")
        self._connection = None

    def path(self, key):
        return f"{self.base}/{quoted(key, '/')}" if key or not self.base else self.base

    def ask(self, method, key="", query=None, body=b"", headers=None, into=None):
        """(headers, bytes). `body`: bytes, or (path, offset, size) of a file; `into`: a file for the answer."""
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self._send(method, key, query or {}, body, headers or {})
                if answer.status in AGAIN and not last:
                    answer.read(CHUNK)
                    raise ConnectionError
                return self._taken(answer, key, into)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
                    raise
                if last or final(error):
                    raise Failed(f"{self.host}: {reason(error)}") from None
            time.sleep(PAUSE * 2**attempt)
        raise AssertionError

    def _send(self, method, key, query, body, headers):
        digest, size = digest_of(body)
        signed = {"host": self.host, "x-amz-content-sha256": digest, **headers}
        target, found = self.signed(method, key, query, signed, digest)
        if self._connection is None:
            made = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
            self._connection = made(self.name_of_host, self.port, timeout=SILENT)
        stream = body if isinstance(body, bytes) else pieces(*body)
        found["content-length"] = str(size)
        self._connection.request(method, target, stream, found)
        return self._connection.getresponse()

    def _taken(self, answer, key, into):
        if answer.status >= 300:
            said = answer.read(1 << 16).decode("utf-8", "replace")
            self.close()
            raise Failed(self._refusal(answer, said, key))
        if into is None:
            data = answer.read(MOST_OF_AN_ANSWER + 1)
            if len(data) > MOST_OF_AN_ANSWER:
                self.close()
                raise Failed(f"{self.host}: the answer is longer than any of its kind: is it S3 that answers there?")
            return dict(answer.headers.items()), data
        size = 0
        into.seek(0)
        into.truncate()
        while piece := answer.read(CHUNK):
            size += len(piece)
            into.write(piece)
        length = answer.getheader("Content-Length", "")
        if length.isdigit() and size < int(length):
            raise http.client.IncompleteRead(b"")
        return dict(answer.headers.items()), b""

    def _refusal(self, answer, said, key):
        code, message = (
            found[1] if (found := re.search(f"<{tag}>([^<]*)", said)) else "" for tag in ("Code", "Message")
        )
        what = f"s3://{self.name}/{key}"
        region = answer.getheader("x-amz-bucket-region", "")
        if answer.status in (301, 302, 307, 308):
            return (
                f"{what}: the bucket is elsewhere{f', in region {region}' if region else ''} (answer {answer.status})"
            )
        if answer.status == 404 and not code:
            code = "it is not there"
        return f"{what}: {answer.status} {code or answer.reason}{f': {message}' if message else ''}"

    def signed(self, method, key, query, headers, digest, now=None, expires=None):
        """(path with query, headers). With `expires` the signature is in the query: a URL that others can use."""
        now = now or datetime.datetime.now(datetime.UTC)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        name, secret, token = self.keys
        if not name:
            return self._target(key, query), headers
        scope = f"{day}/{self.region}/s3/aws4_request"
        token = {"x-amz-security-token": token} if token else {}
        if expires is None:
            headers = headers | {"x-amz-date": stamp} | token
            named = ";".join(sorted(headers))
        else:
            named = "host"
            query = query | {
                "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                "X-Amz-Credential": f"{name}/{scope}",
                "X-Amz-Date": stamp,
                "X-Amz-Expires": str(expires),
                "X-Amz-SignedHeaders": named,
                **{key.title(): value for key, value in token.items()},
            }
        lines = "".join(f"{one}:{' '.join(headers[one].split())}\n" for one in sorted(headers))
        whole = "\n".join([method, self.path(key) or "/", encoded(query), lines, named, digest])
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(whole.encode()).hexdigest()])
        proof = b"AWS4" + secret.encode()
        for part in (day, self.region, "s3", "aws4_request", text):
            proof = hmac.new(proof, part.encode(), hashlib.sha256).digest()
        if expires is not None:
            return self._target(key, query | {"X-Amz-Signature": proof.hex()}), headers
        told = f"AWS4-HMAC-SHA256 Credential={name}/{scope}, SignedHeaders={named}, Signature={proof.hex()}"
        return self._target(key, query), headers | {"authorization": told}

    def _target(self, key, query):
        return (self.path(key) or "/") + (f"?{encoded(query)}" if query else "")

    def presigned(self, method, key, expires):
        target, _ = self.signed(method, key, {}, {"host": self.host}, "UNSIGNED-PAYLOAD", expires=expires)
        return f"{'https' if self.secure else 'http'}://{self.host}{target}"

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def encoded(query):
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in sorted(query.items()))


def digest_of(body):
    """(SHA-256, size): a file is read twice, and never held."""
    if isinstance(body, bytes):
        return hashlib.sha256(body).hexdigest(), len(body)
    digest = hashlib.sha256()
    for piece in pieces(*body):
        digest.update(piece)
    return digest.hexdigest(), body[2]


def pieces(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        while size > 0 and (piece := file.read(min(CHUNK, size))):
            size -= len(piece)
            yield piece


def final(error):
    """What no second attempt mends."""
    return "certificate" in str(error).lower() or (type(error).__name__ == "gaierror" and error.errno == -2)


def reason(error):
    if isinstance(error, http.client.HTTPException):
        broken = isinstance(error, http.client.IncompleteRead)
        return f"{'the answer broke off' if broken else 'the answer is no HTTP'} ({type(error).__name__})"
    if isinstance(error, TimeoutError):
        return f"nothing came for {SILENT} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused: nothing listens there"
    if type(error).__name__ == "gaierror":
        return "the name of the host is not known"
    told = getattr(error, "verify_message", "")
    return f"the certificate is not trusted: {told}" if told else error.strerror or type(error).__name__


def keys_from(environment, given, secret):
    """(id, secret, token): those given, else those of the environment; never half of each."""
    name, key, token = given.get("access-key") or "", secret("secret-key"), secret("session-token")
    if bool(name) != bool(key):
        raise Failed("access-key and secret-key go together")
    if name:
        return name, key, token
    found = [environment.get(f"AWS_{one}", "") for one in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    if bool(found[0]) != bool(found[1]):
        raise Failed("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together")
    return tuple(found)


def region_of(given):
    return given.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
