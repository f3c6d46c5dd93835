"""The actions that are built in, run as a step runs them: their program, inputs as variables, a file for outputs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.actions_library.certificates import certificate_of_localhost
from tests.canary import keeps

from windlass.assignments import read_assignments
from windlass.runs.reported import reported

LIBRARY = Path(__file__).resolve().parents[2] / "actions-library"


@dataclass(frozen=True)
class Done:
    code: int
    log: str
    outputs: dict[str, Any]
    errored: tuple[str, str] | None = None  # cause and message, as the engine reads them

    @property
    def said(self) -> str:
        """The one line for people that a failure ends with."""
        assert self.code == 1, self.log
        assert "Traceback" not in self.log
        return self.log.strip().splitlines()[-1]


class Act:
    """`act(name, **inputs)`: one attempt in `folder`; defaults are the action's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self._private = folder / "attempt"
        self._private.mkdir()

    def __call__(
        self, action: str, *, memory: int | None = None, env: dict[str, str] | None = None, **given: Any
    ) -> Done:
        document = yaml.safe_load((LIBRARY / action / "action.yaml").read_text())
        declared = document.get("inputs", {})
        names = {name.replace("_", "-") if name not in declared else name: value for name, value in given.items()}
        assert names.keys() <= declared.keys(), "windlass check would refuse this"
        values = {name: one["default"] for name, one in declared.items() if "default" in one} | names
        output = self._private / "output"
        output.write_text("")
        keeps(self._private / "inputs").write_text(json.dumps(dict.fromkeys(declared) | values))
        inputs = {
            f"INPUT_{name.upper().replace('-', '_')}": _text(value)
            for name, value in values.items()
            if len(_text(value).encode()) < 1 << 16
        }
        system = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._private),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self._private),
        }

        def limit() -> None:
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        done = subprocess.run(
            [sys.executable, "-u", str(LIBRARY / action / document["entrypoint"])],
            cwd=self.folder,
            env={
                **system,
                **inputs,
                "WINDLASS_OUTPUT": str(output),
                "WINDLASS_INPUTS": str(self._private / "inputs"),
                **(env or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=limit,
        )
        written = read_assignments(output.read_text(), "output")
        return Done(done.returncode, done.stdout, written, reported(output.read_bytes()))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@pytest.fixture
def act(tmp_path: Path) -> Act:
    return Act(tmp_path)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Site:
    """A real HTTP server on loopback. `paths` says what each path answers; `asked` is what came."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.asked: list[Request] = []
        self.otherwise = Answer(404, body=b"no such thing")
        self.paths: dict[str, Answer | Callable[[BaseHTTPRequestHandler], None]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.asked.append(Request(self.command, self.path, dict(self.headers), body))
                path = self.path.partition("?")[0]
                found = site.paths.get(path, site.otherwise)
                if not isinstance(found, Answer):
                    self.close_connection = True
                    return found(self)
                self.send_response(found.status)
                for name, value in {"Content-Length": str(len(found.body)), **found.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(found.body)
                return None

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(host: str = "127.0.0.1") -> Site:
        sites.append(Site(host))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def free_port() -> Iterator[int]:
    """One on which nobody listens, as long as the test lasts."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of_localhost(tmp_path_factory.mktemp("certificate"))
