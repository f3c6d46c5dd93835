"""Whose fault it is that an image cannot be pulled, by the words that real runtimes and registries use."""

from __future__ import annotations

import pytest

from windlass.executors.registry_words import is_final, pull_cause

GET = 'failed to do request: Head "https://r.example.com/v2/team/app/manifests/1":'
AWAY = (
    'Back-off pulling image "127.0.0.1:1/a:1": ErrImagePull: failed to pull and unpack image "127.0.0.1:1/a:1": '
    'failed to resolve reference "127.0.0.1:1/a:1": dial tcp 127.0.0.1:1: connect: connection refused',
    f"{GET} dial tcp: lookup r.example.com on 10.96.0.10:53: no such host",
    f"{GET} dial tcp: lookup r.example.com: Temporary failure in name resolution",
    f"{GET} dial tcp 192.0.2.1:443: i/o timeout",
    f"{GET} net/http: TLS handshake timeout",
    f"{GET} EOF",
    f"{GET} read tcp 10.0.0.1:5->192.0.2.1:443: read: connection reset by peer",
    "unexpected status from HEAD request to https://r.example.com/v2/a/manifests/1: 503 Service Unavailable",
    "failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example.com/v2/a: 502 Bad Gateway",
    "pull access: toomanyrequests: You have reached your unauthenticated pull rate limit",
    "received unexpected HTTP status: 500 Internal Server Error",
    'Get "https://r.example.com/v2/": context deadline exceeded',
    'Get "https://r.example.com/v2/": net/http: request canceled while waiting for connection',
)
NO = (
    'failed to resolve reference "r.example.com/team/app:1": r.example.com/team/app:1: not found',
    "manifest unknown: manifest unknown",
    "pull access denied for team/app, repository does not exist or may require 'docker login'",
    "unexpected status from HEAD request to https://r.example.com/v2/a/manifests/1: 401 Unauthorized",
    "failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden",
    "no match for platform in manifest: not found",
    "no matching manifest for linux/arm64 in the manifest list entries",
)
UNKNOWN = ("something that nobody has seen yet", "failed to verify certificate: x509: certificate has expired", "")


@pytest.mark.parametrize("message", AWAY)
def test_a_registry_that_is_away(message: str) -> None:
    assert (pull_cause(message), is_final(message)) == ("registry-unavailable", False)


@pytest.mark.parametrize("message", NO)
def test_a_registry_that_says_no(message: str) -> None:
    assert (pull_cause(message), is_final(message)) == ("image-pull", True)


@pytest.mark.parametrize("message", UNKNOWN)
def test_words_that_are_not_known_are_the_authors(message: str) -> None:
    assert (pull_cause(message), is_final(message)) == ("image-pull", False)
