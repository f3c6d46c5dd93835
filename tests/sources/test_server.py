"""The mirror against a git server that works, stalls, redirects, refuses and lies."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.slow.waiting import until

from windlass.errors import SourceError
from windlass.sources.auth import Auth
from windlass.sources.location import Location

SECRET = "s3cr3t-t0ken-value"


def failing(call, *args):
    with pytest.raises(SourceError) as caught:
        call(*args)
    error = caught.value
    assert "\n" not in str(error)
    assert "\x1b" not in str(error)
    assert SECRET not in str(error)
    return error


def reply(handler, status, body=b"", **headers):
    handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    return True


@pytest.fixture
def served(repository, git_server, mirror_of):
    """A repository with one commit and a mirror of it over HTTP."""
    repository.commit({"a": "1"})
    return mirror_of(git_server.location(repository), timeout=60)


def test_a_remote_branch_is_found_fetched_and_followed(served, repository, git_server):
    first = served.head()
    assert first.branch == "main"
    assert first.commit == repository.git("rev-parse", "HEAD")
    served.fetch(first)
    assert [entry.path for entry in served.tree(first.commit).entries] == ["a"]
    repository.commit({"b": "1"})
    second = served.head()
    served.fetch(second)
    assert served.changed(first.commit, second.commit) == ["b"]
    before = len(git_server.requests)
    served.fetch(second)
    assert len(git_server.requests) == before, "what is here is not asked for again"


def test_only_the_wanted_ref_is_asked_for(served, git_server, repository):
    for number in range(50):
        repository.git("branch", f"other-{number}")
    served.head()
    assert {headers.get("git-protocol") for _, headers in git_server.requests} == {"version=2"}
    assert len(git_server.requests) == 2


def test_missing_and_empty_remotes_have_their_reasons(
    served, git_server, repository, new_repository, mirror_of, tmp_path
):
    gone = mirror_of(git_server.location(repository), "gone", folder=tmp_path / "m1")
    assert failing(gone.head).reason == "SourceMissing"
    empty = mirror_of(git_server.location(new_repository("empty")), folder=tmp_path / "m2")
    assert failing(empty.head).reason == "EmptyRepository"
    nowhere = mirror_of(Location(git_server.url("nowhere.git"), local=False), folder=tmp_path / "m3")
    assert failing(nowhere.head).reason == "RepositoryNotFound"


def test_g26_a_remote_tag_of_the_same_name_means_nothing(repository, git_server, mirror_of):
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"})
    repository.git("tag", "main", first)
    repository.git("update-ref", "refs/other/refs/heads/main", first)
    mirror = mirror_of(git_server.location(repository), "main")
    assert mirror.head().commit == second
    mirror.fetch(mirror.head())
    assert [entry.size for entry in mirror.tree(second).entries] == [1]


def test_g20_a_server_that_stalls_is_given_up_at_the_deadline(repository, git_server, mirror_of):
    repository.commit({"a": "1"})
    mirror = mirror_of(git_server.location(repository), timeout=0.7)

    def stall(handler):
        if handler.command == "GET":
            return False
        status, headers, body = handler.backend()
        handler.send_response(status)
        handler.send_header("Content-Type", dict(headers)["Content-Type"])
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:40])
        handler.wfile.flush()
        git_server.stopped.wait(120)
        handler.close_connection = True
        return True

    git_server.answer = stall
    assert failing(mirror.head).reason == "Timeout"
    git_server.answer = None
    head = mirror_of(git_server.location(repository), timeout=60).head()
    git_server.answer = stall
    assert failing(mirror.fetch, head).reason == "Timeout"
    assert not list(mirror._git_dir.rglob("*.lock"))
    assert not list(mirror._git_dir.rglob("tmp_*"))
    assert not (mirror._folder / "running").exists()
    git_server.answer = None
    mirror_of(git_server.location(repository), timeout=60).fetch(head)


_FETCH_FOR_EVER = """
import sys
from pathlib import Path
from windlass.sources.location import Location
from windlass.sources.mirror import Mirror
mirror = Mirror(Path(sys.argv[1]), Location(sys.argv[2], local=False), None)
head = mirror.head()
print("asked", flush=True)
mirror.fetch(head)
"""


def test_a_clone_whose_controller_was_killed_is_repaired_by_the_next(repository, git_server, mirror_of, tmp_path):
    repository.commit({"a": "1"})
    location = git_server.location(repository)
    stalled = threading.Event()

    def stall(handler):
        if handler.command == "POST" and (tmp_path / "mirror/mirror.git").is_dir():
            stalled.set()
            git_server.stopped.wait(120)
        return False

    git_server.answer = stall
    folder = tmp_path / "mirror"
    controller = subprocess.Popen([sys.executable, "-c", _FETCH_FOR_EVER, str(folder), location.url])
    try:
        assert stalled.wait(60)
        orphan = int((folder / "running").read_text().split()[0])
    finally:
        controller.kill()
        controller.wait()
    os.kill(orphan, 0)
    git_server.answer = None
    mirror = mirror_of(location)
    head = mirror.head()
    mirror.fetch(head)
    assert [entry.path for entry in mirror.tree(head.commit).entries] == ["a"]
    until(lambda: not lives(orphan))


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_truncated_pack_is_an_error_and_the_next_fetch_works(served, git_server, mirror_of):
    head = served.head()

    def truncate(handler):
        if handler.command == "GET":
            return False
        status, headers, body = handler.backend()
        return reply(handler, status, body[: len(body) - 60], Content_Type=dict(headers)["Content-Type"])

    git_server.answer = truncate
    failing(mirror_of(served.location, timeout=1).fetch, head)
    git_server.answer = None
    served.fetch(head)
    assert [entry.path for entry in served.tree(head.commit).entries] == ["a"]


@pytest.mark.parametrize("target", ["http://localhost:{port}/elsewhere/info/refs", "file:///etc/passwd", "ext::sh"])
def test_g22_a_redirect_is_refused_and_the_credential_goes_nowhere(served, repository, git_server, mirror_of, target):
    port = git_server.server_port
    auth = Auth(f"http://127.0.0.1:{port}", token=SECRET)
    mirror = mirror_of(git_server.location(repository), auth=auth)
    git_server.answer = lambda handler: reply(handler, 302, Location=target.format(port=port))
    assert failing(mirror.head).reason == "Redirected"
    assert [path for path, _ in git_server.requests if "elsewhere" in path] == []
    assert len(git_server.requests) == 1


def test_g23_a_server_that_asks_for_credentials_gets_no_prompt_but_an_error(served, git_server):
    git_server.answer = lambda handler: reply(handler, 401, WWW_Authenticate='Basic realm="x"')
    error = failing(served.head)
    assert error.reason == "AuthFailed"
    assert "auth" in str(error)


@pytest.mark.parametrize(
    "credential, header",
    [
        ({"token": SECRET}, f"Bearer {SECRET}"),
        ({"username": "ada", "password": SECRET}, "Basic " + base64.b64encode(f"ada:{SECRET}".encode()).decode()),
    ],
)
def test_a_credential_is_sent_to_its_place_only(repository, git_server, mirror_of, tmp_path, credential, header):
    repository.commit({"a": "1"})
    location = git_server.location(repository)
    host = f"http://127.0.0.1:{git_server.server_port}"
    mirror = mirror_of(location, auth=Auth(f"{host}/upstream", **credential))
    mirror.fetch(mirror.head())
    assert {headers.get("authorization") for _, headers in git_server.requests} == {header}
    seen = len(git_server.requests)
    for number, prefix in enumerate(
        [f"{host}/up", f"{host}/other", "http://127.0.0.1:1/upstream", "https://127.0.0.1"]
    ):
        wrong = mirror_of(location, auth=Auth(prefix, **credential), folder=tmp_path / f"m{number}")
        assert failing(wrong.head).reason == "CredentialMismatch"
    assert len(git_server.requests) == seen


def test_a_wrong_credential_is_never_in_the_message(served, repository, git_server, mirror_of):
    auth = Auth(f"http://127.0.0.1:{git_server.server_port}", username="ada", password=SECRET)
    mirror = mirror_of(git_server.location(repository), auth=auth)
    echoed = base64.b64encode(f"ada:{SECRET}".encode())
    git_server.answer = lambda handler: reply(handler, 403, b"you sent " + echoed, Content_Type="text/plain")
    error = failing(mirror.head)
    assert error.reason == "AuthFailed"
    assert echoed.decode() not in str(error)
    assert SECRET not in repr(auth)


def test_html_with_status_200_is_no_repository(served, git_server):
    git_server.answer = lambda handler: reply(handler, 200, b"<html>Sign in</html>" * 50, Content_Type="text/html")
    assert failing(served.head).reason == "NotARepository"


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_is_named_as_such(served, git_server, status):
    git_server.answer = lambda handler: reply(handler, status)
    error = failing(served.head)
    assert error.reason == "ServerError"
    assert error.retry_after is None


def test_r21_retry_after_of_a_refusal_is_known(served, git_server):
    git_server.answer = lambda handler: reply(handler, 429, Retry_After="3600")
    error = failing(served.head)
    assert (error.reason, error.retry_after) == ("RateLimited", 3600)


def test_a_server_that_is_not_there_is_unreachable(mirror_of, git_server):
    git_server.server_close()
    assert failing(mirror_of(Location(git_server.url("x.git"), local=False)).head).reason == "Unreachable"


def test_g21_a_flood_of_progress_with_escape_codes_does_no_harm(served, git_server, mirror_of):
    def flood(handler):
        if handler.command == "GET":
            return False
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        noise = b"\x02\x1b[31m\x1b]0;owned\x07noise" + b"x" * 900 + b"\n"
        body = b"000dpackfile\n" + (b"%04x" % (len(noise) + 4) + noise) * 2000
        return reply(handler, 200, body, Content_Type="application/x-git-upload-pack-result")

    head = served.head()
    git_server.answer = flood
    error = failing(mirror_of(served.location, timeout=1).fetch, head)
    assert "owned" not in str(error)
    assert len(str(error)) < 800


def test_g39_a_server_without_shallow_fetch_is_fetched_whole(repository, git_server, mirror_of):
    """The dumb protocol: plain files, which knows neither ids nor depth."""
    repository.commit({"a": "1"})
    commit = repository.commit({"a": "2"})
    repository.git("update-server-info")

    def plain_file(handler):
        path = git_server.root / handler.path.partition("?")[0].lstrip("/")
        if not path.is_file():
            return reply(handler, 404)
        return reply(handler, 200, path.read_bytes(), Content_Type="text/plain")

    git_server.answer = plain_file
    mirror = mirror_of(git_server.location(repository))
    head = mirror.head()
    assert head.commit == commit
    mirror.fetch(head)
    assert [entry.size for entry in mirror.tree(commit).entries] == [1]


def test_g39_a_server_that_gives_no_ids_is_asked_for_the_branch(repository, git_server, mirror_of):
    commit = repository.commit({"a": "1"})
    original = git_server.location(repository)

    def old_protocol(handler):
        del handler.headers["Git-Protocol"]
        return False

    git_server.answer = old_protocol
    repository.git("config", "uploadpack.allowTipSHA1InWant", "false")
    mirror = mirror_of(original)
    repository.commit({"a": "2"})
    with pytest.raises(SourceError) as caught:
        mirror.fetch(type(mirror.head())("main", commit))
    assert caught.value.reason in ("SourceMoved", "FetchFailed")
    mirror.fetch(mirror.head())


def test_a_branch_that_moved_on_between_the_question_and_the_fetch_is_fetched_as_asked(served, repository):
    head = served.head()
    repository.commit({"b": "1"})
    served.fetch(head)
    assert [entry.path for entry in served.tree(head.commit).entries] == ["a"]
    assert served.head().commit != head.commit


def test_a_force_push_upstream_is_followed(served, repository):
    old = served.head()
    served.fetch(old)
    served.pin(old.commit)
    repository.git("checkout", "--quiet", "--orphan", "rewritten")
    repository.commit({"a": "2", "c": "1"})
    repository.git("branch", "--force", "main", "rewritten")
    repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    new = served.head()
    served.fetch(new)
    assert new.commit != old.commit
    assert served.changed(old.commit, new.commit) == ["a", "c"]
