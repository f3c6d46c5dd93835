"""What may be named as a repository, and what a credential covers."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.errors import SourceError, UsageError
from windlass.sources.auth import Auth
from windlass.sources.location import Location, parse_location


@pytest.mark.parametrize(
    "text, scheme, host, path",
    [
        ("https://git.example.com/shop/app.git", "https", "git.example.com", "/shop/app.git"),
        ("https://git.example.com:8443/~ada/x_y+z", "https", "git.example.com:8443", "/~ada/x_y+z"),
        ("https://[2001:db8::1]/x", "https", "[2001:db8::1]", "/x"),
        ("https://GIT.Example.com/X", "https", "git.example.com", "/X"),
        ("ssh://git@git.example.com:2222/shop/app.git", "ssh", "git.example.com:2222", "/shop/app.git"),
        ("ssh://git.example.com/app", "ssh", "git.example.com", "/app"),
        ("git@git.example.com:shop/app.git", "ssh", "git.example.com", "/shop/app.git"),
        ("git.example.com:/srv/app.git", "ssh", "git.example.com", "/srv/app.git"),
    ],
)
def test_https_ssh_and_the_short_form_are_taken_as_they_are(text, scheme, host, path):
    location = parse_location(text, allow_local=False)
    assert location == Location(text, local=False)
    assert (location.scheme, location.host, location.path) == (scheme, host, path)


@pytest.mark.parametrize(
    "text",
    [
        *("ext::sh -c 'touch /tmp/x'", "ext::sh", "fd::17", "fd::17/foo", "https::https://x/y", "a-b::x"),
        *("-oProxyCommand=touch x", "--upload-pack=x", "-x:y/z", "ssh://-x/y", "ssh://-oProxyCommand=x/y"),
        *("ssh://git@-x/y", "-x@host:y", "git@-host:y", "git@host:-x", "ssh://host/-x"),
        *(
            "https://x/y\n",
            "https://x/\ny",
            "git@host:x\ry",
            "https://x/y\0",
            "https://x/\x1b[31m",
            "https://x/a\u202eb",
        ),
        *("http://x/y", "git://x/y", "ftp://x/y", "HTTPS://x/y", "rsync://x/y", "javascript://x/y", "git+ssh://x/y"),
        *("https://ada:s3cret@x/y", "https://s3cret@x/y", "ssh://git:s3cret@x/y", "https://@x/y", "https://:@x/y"),
        *("https://good.com@evil.com/x", "https://good.com\\@evil.com/x", "https://evil.com#@good.com/x"),
        *("https://good.com%40evil.com/x", "https://evil.com?@good.com/x", "git@good.com@evil.com:x", "ssh://a@b@c/x"),
        *("https://x", "https://x/", "https:///x", "https://x/../y", "git@host:../../etc", "https://x:99999999/y"),
        *("https://x/a b", "https://x/$(id)", "https://x/`id`", "https://ex\u0430mple.com/x", "host::x", ""),
        *("file://evil/x", "file:///x", "/etc", "./x", "x", ".", "https://" + "x" * 3000 + "/y"),
    ],
)
def test_g24_everything_else_is_refused_with_a_hint_and_without_repeating_a_secret(text):
    with pytest.raises(UsageError) as caught:
        parse_location(text, allow_local=False)
    assert caught.value.hint or "file" in str(caught.value)
    assert "s3cret" not in str(caught.value) + str(caught.value.hint)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text", ["ext::sh", "fd::17", "-x", "--upload-pack=x", "http://x/y", "a\nb", "file:///a%0ab", "file://h/x"]
)
def test_g24_a_place_where_folders_are_allowed_allows_nothing_more(text):
    with pytest.raises(UsageError):
        parse_location(text, allow_local=True)


def test_folders_become_absolute_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in (".", "./", f"file://{tmp_path}", f"file://localhost{tmp_path}", str(tmp_path)):
        assert parse_location(text, allow_local=True) == Location(str(tmp_path), local=True)
    assert parse_location("a b/é", allow_local=True).url == str(tmp_path / "a b/é")
    assert parse_location(f"file://{tmp_path}/a%20b", allow_local=True).url == str(tmp_path / "a b")
    local = parse_location(".", allow_local=True)
    assert (local.scheme, local.host) == ("file", "")


@pytest.mark.parametrize(
    "prefix, url, covered",
    [
        ("https://example.com", "https://example.com/a", True),
        ("https://example.com/", "https://example.com/a/b", True),
        ("https://example.com/a", "https://example.com/a", True),
        ("https://example.com/a", "https://example.com/a/b", True),
        ("https://example.com/a", "https://example.com/ab", False),
        ("https://example.com", "https://example.com.evil.com/a", False),
        ("https://example.com", "https://example.com:8443/a", False),
        ("https://example.com", "ssh://example.com/a", False),
        ("ssh://example.com", "git@example.com:a/b", True),
        ("ssh://example.com/a", "git@example.com:a/b", True),
        ("ssh://example.com/b", "git@example.com:a/b", False),
        ("git@example.com:a/b", "git@example.com:a/b", True),
        ("git@example.com:a/b", "git@example.com:a/c", False),
        ("git@example.com:a/b", "ssh://git@example.com/a/b", True),
    ],
)
def test_a_credential_covers_one_host_and_what_is_below_its_path(prefix, url, covered):
    auth = Auth(prefix, token="t0ken", ssh_key=Path("/key"))
    location = parse_location(url, allow_local=False)
    assert auth.covers(location) is covered
    if not covered:
        with pytest.raises(SourceError):
            auth.config(location)


def test_a_token_that_would_add_a_header_of_its_own_is_refused():
    auth = Auth("https://example.com", token="x\r\nHost: evil")
    with pytest.raises(SourceError) as caught:
        auth.config(Location("https://example.com/a", local=False))
    assert "evil" not in str(caught.value)
