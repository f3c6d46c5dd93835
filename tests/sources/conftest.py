"""Real git repositories for the tests: made with an identity of their own and nobody's configuration."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from windlass.sources.auth import Auth
from windlass.sources.location import Location
from windlass.sources.mirror import Mirror

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": os.environ["PATH"],
    "LC_ALL": "C",
}


class Repository:
    """A repository with a work tree in `path`, driven by the git binary."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *args: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=IDENTITY, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes] | None = None, message: str = "change") -> str:
        self.write(files or {})
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, *entries: tuple[str, str, bytes]) -> str:
        """A tree object of `(mode, object id, raw name)`, whatever the names: `git mktree` would refuse some."""
        raw = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(blob) for mode, blob, name in entries)
        return self.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=raw)

    def commit_tree(self, tree: str) -> str:
        """Commits a tree object to the branch that is checked out; the work tree is not touched."""
        commit = self.git("commit-tree", "-m", "tree", tree)
        self.git("update-ref", "HEAD", commit)
        return commit


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "upstream")


@pytest.fixture
def new_repository(tmp_path: Path) -> Callable[..., Repository]:
    """`new_repository(name, *options of git init)` below the test's folder."""
    return lambda name, *options: Repository(tmp_path / name, *options)


class GitServer(ThreadingHTTPServer):
    """A real git server, on loopback unless told otherwise: `git http-backend` behind Python's HTTP server.

    `answer`, when set, is asked first and returns True when it has answered a request itself (a fault).
    """

    daemon_threads = True

    def __init__(self, root: Path, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), _Bridge)
        self.root = root
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], bool] | None = None
        self.stopped = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up in the middle of an answer is what many of the tests are about."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def location(self, repository: Repository) -> Location:
        """As parsed, save for the scheme: plain HTTP is refused by `parse_location`."""
        return Location(self.url(f"{repository.path.relative_to(self.root)}/.git"), local=False)


class _Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GitServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        if self.server.answer is None or not self.server.answer(self):
            self.pass_on()

    do_POST = do_GET

    def pass_on(self) -> None:
        status, headers, body = self.backend()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def backend(self) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        environment = IDENTITY | {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().splitlines()]
        status = int(dict(headers).get("Status", "200 OK").split()[0])
        return status, [(name, value) for name, value in headers if name != "Status"], content


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    server = GitServer(tmp_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


MakeMirror = Callable[..., Mirror]


@pytest.fixture
def mirror_of(tmp_path: Path) -> Iterator[MakeMirror]:
    """`mirror_of(repository or Location, branch=None, auth=None, **options)`, closed at the end."""
    made: list[Mirror] = []

    def make(source: Repository | Location, branch: str | None = None, auth: Auth | None = None, **options):  # type: ignore[no-untyped-def]
        location = source if isinstance(source, Location) else Location(str(source.path), local=True)
        folder = options.pop("folder", tmp_path / "mirror")
        mirror = Mirror(folder, location, branch, auth, **options)
        made.append(mirror)
        return mirror

    yield make
    for mirror in made:
        mirror.close()


@pytest.fixture(autouse=True)
def hostile_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the user may matter: each test runs with one that would break everything."""
    home = tmp_path / "home"
    home.mkdir()
    witness = home / "witness"
    (home / ".gitconfig").write_text(
        f'[core]\n\thooksPath = {home}\n\tsshCommand = "touch {witness}; false"\n\tfsmonitor = "touch {witness}"\n'
        f'[credential]\n\thelper = "!touch {witness}; false"\n'
        f'[uploadpack]\n\tpackObjectsHook = "touch {witness};false"\n'
        f'[url "ext::sh -c false"]\n\tinsteadOf = /\n\tinsteadOf = http\n[protocol]\n\tversion = 0\n'
        f"[init]\n\tdefaultObjectFormat = sha256\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "nonsense")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {witness}")
    monkeypatch.setenv("GIT_ASKPASS", f"touch {witness}")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    yield witness
    assert not witness.exists(), "a program of the user's configuration was run"
