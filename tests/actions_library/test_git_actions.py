"""std/git-clone and std/git-commit against real repositories: on disk, and behind HTTP with a password."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.actions_library.conftest import LIBRARY, Act, Site

SECRET = "s3cr3t-value"
WHO = {f"GIT_{role}_{part}": "ada@localhost" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


def git(folder: Path, *words: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **WHO}
    done = subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Bare; three commits on main, tag v1 on the second, branch other, a link that leads out."""
    work = tmp_path / "author"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main")
    for number in ("1", "2", "3"):
        (work / "file").write_text(number)
        git(work, "add", "file")
        git(work, "commit", "--quiet", "--message", number)
        if number == "2":
            git(work, "tag", "v1")
    git(work, "branch", "other", "v1")
    (work / "out").symlink_to("../../outside")
    git(work, "add", "out")
    git(work, "commit", "--quiet", "--message", "link")
    bare = tmp_path / "shop.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(work), str(bare))
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(bare, "config", "http.receivepack", "true")
    return bare


def test_the_two_speak_to_git_alike() -> None:
    """An action stands alone in its folder: what they share is there twice."""
    assert (LIBRARY / "git-clone/git.py").read_text() == (LIBRARY / "git-commit/git.py").read_text()


@pytest.mark.parametrize(
    ("given", "at", "branch", "commits"),
    [
        ({}, "main", "main", 1),
        ({"ref": "other"}, "other", "other", 1),
        ({"ref": "refs/heads/other"}, "other", "other", 1),
        ({"ref": "v1"}, "v1", "", 1),
        ({"depth": 2}, "main", "main", 2),
        ({"depth": 0}, "main", "main", 4),
    ],
)
def test_what_is_cloned(act: Act, origin: Path, given: dict[str, Any], at: str, branch: str, commits: int) -> None:
    done = act("git-clone", url=f"file://{origin}", **given)
    assert done.outputs == {"commit": git(origin, "rev-parse", at), "path": "shop", "branch": branch}, done.log
    clone = act.folder / "shop"
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "branch", "--show-current")) == (done.outputs["commit"], branch)
    assert git(clone, "rev-list", "--count", "HEAD") == str(commits)
    assert git(clone, "status", "--porcelain") == ""


def test_a_commit_by_its_id_and_another_folder(act: Act, origin: Path) -> None:
    commit = git(origin, "rev-parse", "main~2")
    done = act("git-clone", url=str(origin), ref=commit, path="a/b")
    assert done.outputs == {"commit": commit, "path": "a/b", "branch": ""}, done.log
    assert (act.folder / "a/b/file").read_text() == "2"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ref": "nope"}, "no branch and no tag nope"),
        ({"ref": "0" * 40}, "not our ref"),
        ({"ref": "--upload-pack=touch /tmp/x"}, "is no name of a branch"),
        ({"path": "../x"}, "leads out of the working directory"),
        ({"path": "/tmp/x"}, "leads out of the working directory"),
        ({"path": "full"}, "something in full already"),
        ({"url": "/nowhere/at/all"}, "does not appear to be a git repository"),
        ({"url": "ext::touch /tmp/x"}, "url is no address"),
        ({"url": "ext::touch"}, "a program of git's own"),
        ({"url": "--upload-pack=x"}, "url is no address"),
        ({"url": f"https://ada:{SECRET}@127.0.0.1:1/x.git"}, "url holds a password"),
        ({"url": "https://127.0.0.1:1/x.git", "token": SECRET}, "127.0.0.1"),
        ({"url": "http://192.0.2.1/x.git", "token": SECRET}, "token is for an https address"),
        ({"env": {"PATH": "/nowhere"}}, "apt-get install git"),
    ],
)
def test_what_cannot_be_cloned(act: Act, origin: Path, given: dict[str, Any], said: str) -> None:
    (act.folder / "full").mkdir()
    (act.folder / "full/x").touch()
    done = act("git-clone", **{"url": f"file://{origin}", **given})
    assert said in done.said
    assert SECRET not in done.log


def backend(root: Path, password: str) -> Any:
    """What git's own program answers, for those who know the password."""
    expected = "Basic " + base64.b64encode(f"x-access-token:{password}".encode()).decode()

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.headers.get("Authorization") != expected:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="git"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        path, _, query = handler.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "ada",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        handler.send_response(200)
        for line in head.decode().splitlines():
            name, _, value = line.partition(": ")
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest)

    return answer


@pytest.fixture
def served(origin: Path, site: Site) -> str:
    answer = backend(origin.parent, SECRET)
    for path in ("info/refs", "git-upload-pack", "git-receive-pack"):
        site.paths[f"/shop.git/{path}"] = lambda handler: answer(handler, site.asked[-1].body)
    return f"{site.url}/shop.git"


def test_a_token_opens_what_needs_one(act: Act, origin: Path, served: str) -> None:
    done = act("git-clone", url=served, token=SECRET)
    assert done.code == 0, done.log
    (act.folder / "new").write_text("new")
    done = act("git-commit", url=served, token=SECRET, message="m", **{"from": ["new"]})
    assert (done.code, done.outputs["changed"]) == (0, "true"), done.log
    assert git(origin, "show", "main:new") == "new"
    everything = "".join(p.read_text(errors="replace") for p in act.folder.rglob("*") if p.is_file())
    assert SECRET not in everything + done.log


@pytest.mark.parametrize("token", [{}, {"token": "another"}])
def test_no_token_or_a_wrong_one(act: Act, served: str, token: dict[str, str]) -> None:
    said = act("git-clone", url=served, **token).said
    assert "Authentication failed" in said or "could not read Username" in said
    assert "another" not in said


def test_what_is_committed(act: Act, origin: Path) -> None:
    for name in ("a/b.txt", "a/c/d.txt", "e.txt", "f.txt"):
        (act.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (act.folder / name).write_text(name)
    (act.folder / "e.txt").chmod(0o755)
    given: dict[str, Any] = {
        "from": ["a", "?.txt"],
        "to": "site/x",
        "message": "Words; $(touch x)\n\nmore",
        "author-name": "Ada",
    }
    done = act("git-commit", url=str(origin), **given)
    assert done.outputs == {"commit": git(origin, "rev-parse", "main"), "changed": "true"}, done.log
    assert git(origin, "ls-tree", "-r", "--name-only", "main", "site").split() == [
        *("site/x/a/b.txt", "site/x/a/c/d.txt", "site/x/e.txt", "site/x/f.txt")
    ]
    assert (
        git(origin, "log", "-1", "--format=%an %ae %cn|%B", "main")
        == "Ada windlass@localhost Ada|Words; $(touch x)\n\nmore"
    )
    assert git(origin, "rev-parse", "main~1"), "on top of what was there"
    again = act("git-commit", url=str(origin), **given)
    assert again.outputs == {"commit": done.outputs["commit"], "changed": "false"}


def test_a_branch_that_is_not_there_and_a_repository_that_is_empty(act: Act, origin: Path, tmp_path: Path) -> None:
    (act.folder / "x").write_text("x")
    assert (
        act("git-commit", url=str(origin), branch="new/one", message="m", **{"from": ["x"]}).outputs["changed"]
        == "true"
    )
    assert git(origin, "show", "new/one:x") == "x"
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    assert (
        act("git-commit", url=str(tmp_path / "empty.git"), message="m", **{"from": ["x"]}).outputs["changed"] == "true"
    )
    assert (
        "is it empty?"
        in act(
            "git-clone",
            url=str(
                shutil.copytree(tmp_path / "empty.git", tmp_path / "none.git", ignore=shutil.ignore_patterns("main"))
            ),
        ).said
    )


def test_somebody_else_pushes_meanwhile(act: Act, origin: Path) -> None:
    """The hook of the repository moves the branch under the first push, as another clone would."""
    (act.folder / "x").write_text("x")
    hook = origin / "hooks/pre-receive"
    move = "git update-ref refs/heads/main $(git commit-tree -p main -m theirs main^{tree})"
    env = "unset GIT_QUARANTINE_PATH; export " + " ".join(f"{name}=t" for name in WHO)
    hook.write_text(f"#!/bin/sh\n[ -e moved ] && exit 0\ntouch moved\n{env}\n{move}\n")
    hook.chmod(0o755)
    done = act("git-commit", url=str(origin), message="mine", **{"from": ["x"]})
    assert (done.code, done.outputs["changed"]) == (0, "true"), done.log
    assert "once more" in done.log
    assert git(origin, "log", "--format=%s", "-2", "main").split() == ["mine", "theirs"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"from": ["nothing*"]}, "there is nothing at nothing*"),
        ({"from": ["../author/file"]}, "is not in the working directory"),
        ({"from": ["/etc/passwd"]}, "is not in the working directory"),
        ({"from": ["link"]}, "link"),
        ({"to": "../x"}, "leads out of the repository"),
        ({"to": ".git/hooks"}, "leads out of the repository"),
        ({"to": "out"}, "leads out of the repository"),
        ({"message": " "}, "may not be empty"),
        ({"branch": "a b"}, "is no name of a branch"),
        ({"url": "/nowhere"}, "does not appear to be a git repository"),
    ],
)
def test_what_cannot_be_committed(act: Act, origin: Path, given: dict[str, Any], said: str) -> None:
    (act.folder / "x").write_text("x")
    (act.folder / "link").symlink_to("x")
    (act.folder.parent / "outside").mkdir()
    before = git(origin, "rev-parse", "main")
    done = act("git-commit", **{"url": str(origin), "from": ["x"], "message": "m", **given})
    assert said in done.said
    assert git(origin, "rev-parse", "main") == before


def test_a_push_that_is_refused(act: Act, origin: Path) -> None:
    (act.folder / "x").write_text("x")
    hook = origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'signed commits only' >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "signed commits only" in act("git-commit", url=str(origin), message="m", **{"from": ["x"]}).said
