"""Canaries: secrets in every place that takes one, on every runner, in everything that can go wrong; then a grep over
all that is kept, answered and shown, and over what docker and the cluster tell of it. Nothing of any is found."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.canary import keeps, secret
from tests.slow.folders import contents
from tests.slow.repo import workflow
from tests.slow.waiting import until
from tests.sops import Key, Sops, new_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.cluster.cluster import Cluster
    from tests.docker_engine import Dockerd
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo
    from tests.slow.server import Server

KEYS = "home/config/sops/age/keys.txt"
PLACES = ("ENV", "FILE", "WITH", "HOOK", "OUT", "FAIL", "NESTED", "DOCKER", "POD", "BINARY", "LINES")
SETTINGS = "apiVersion: windlass.dev/v1\nkind: Repository\nsecrets:\n" + "".join(
    f"  {name}: ref+sops://secrets/all.yaml#/{name}\n" for name in PLACES if name != "BINARY"
)
SETTINGS += "  BINARY: ref+sops://secrets/key.bin\n  OWN: ref+windlass://OWN\n"
LOCAL = """
    inputs: {given: {type: secret}, title: {default: ""}}
    runTitle: "for ${{ inputs.title }}"
    triggers: {webhook: [{name: push, verify: {scheme: token, secret: HOOK}, inputs: {given: from-a-hook}}]}
    outputs: {said: "${{ steps.out.outputs.said }}"}
    steps:
      env:
        env: {A: "${{ secrets.ENV }}", B: "Bearer ${{ secrets.OWN }}", C: "${{ inputs.given }}"}
        run: 'echo "$A $B $C"; echo "$A" >&2; printf "%s" "x$A" | base64 -w0; printf "%q %q" "$A" "$B"; env; ps -ef'
      parts:
        env: {A: "${{ secrets.ENV }}"}
        run:
          - {run: 'echo "HANDED=on-$A" >> "$WINDLASS_ENV"; echo "$A"'}
          - {env: {P: "${{ secrets.OWN }}"}, run: 'echo "$HANDED $P"; exit 3'}
        continueOnError: true
      file:
        files:
          conf: {content: "key=${{ secrets.FILE }}", mode: "0400"}
          ~/.pgpass: {content: "*:${{ secrets.FILE }}", mode: "0400"}
          key.bin: {content: "${{ secrets.BINARY }}", mode: "0400"}
          many: {content: "${{ secrets.LINES }}", mode: "0400"}
        outputs: {size: {type: integer}}
        run: |
          cat conf ~/.pgpass many; cat key.bin; tail -n 1 many; stat -Lc %a conf key.bin
          echo "size=$(wc -c < key.bin)" >> "$WINDLASS_OUTPUT"
      nul: {env: {A: "${{ secrets.BINARY }}"}, run: x, continueOnError: true}
      with: {uses: ./actions/tell, with: {token: "${{ secrets.WITH }}"}}
      asked:
        uses: std/http-request
        with: {url: "http://127.0.0.1:9/x", token: "${{ secrets.WITH }}"}
        continueOnError: true
      out:
        env: {A: "${{ secrets.OUT }}"}
        outputs: {said: {}, all: {type: object}}
        run: |
          echo "said=it is $A" >> "$WINDLASS_OUTPUT"
          printf 'all={"is": "%s"}\\n' "$A" >> "$WINDLASS_OUTPUT"
      typed:
        env: {A: "${{ secrets.OUT }}"}
        outputs: {number: {type: integer}}
        run: 'echo "number=$A" >> "$WINDLASS_OUTPUT"; echo "undeclared-$A=1" >> "$WINDLASS_OUTPUT"'
        continueOnError: true
      malformed:
        env: {A: "${{ secrets.OUT }}"}
        outputs: {o: {}}
        run: 'echo "$A" >> "$WINDLASS_OUTPUT"'
        continueOnError: true
      artifact: # named by a secret
        env: {A: "${{ secrets.FAIL }}"}
        artifacts: {save: {it: "$A/*"}}
        run: 'cd "/no/such/$A"'
        continueOnError: true
      crash: {env: {A: "${{ secrets.FAIL }}"}, command: [sh, -c, 'exec "/no/such/$A"'], continueOnError: true}
      missing: {env: {PATH: "/no/${{ secrets.FAIL }}"}, command: [no-such-program], continueOnError: true}
      large:
        env: {A: "${{ secrets.FAIL }}"}
        outputs: {o: {}}
        run: 'echo "o=$(for i in $(seq 999); do printf "%s" "$A"; done)" >> "$WINDLASS_OUTPUT"'
        continueOnError: true
      nested: {uses: ./workflows/inner.yaml, with: {key: "${{ secrets.NESTED }}"}}
      reads: {env: {S: "${{ steps.out.outputs.said }}"}, run: 'echo "$S"'}
"""
INNER = """
    inputs: {key: {type: secret}}
    steps: {in: {env: {K: "${{ inputs.key }}"}, run: 'echo "$K"; echo "$K" | rev'}}
"""
ACTION = """
apiVersion: windlass.dev/v1
kind: Action
metadata: {name: tell}
inputs: {token: {type: secret}}
outputs: {t: {}}
run: 'echo "$INPUT_TOKEN"; cat "$WINDLASS_INPUTS"; echo "t=$INPUT_TOKEN" >> "$WINDLASS_OUTPUT"'
"""
CONTAINER = """
    steps:
      use:
        runner: RUNNER
        shell: sh
        env: {A: "${{ secrets.NAME }}"}
        outputs: {length: {}}
        run: 'echo "it is $A"; echo "length=${#A}" >> "$WINDLASS_OUTPUT"; ps; sleep 1'
      fails:
        runner: RUNNER
        shell: sh
        env: {A: "Bearer ${{ secrets.NAME }}"}
        run: 'echo "$A" >&2; exit 4'
        continueOnError: true
      gone:
        runner: RUNNER
        image: "127.0.0.1:9/none:1"
        env: {A: "${{ secrets.NAME }}"}
        run: x
        continueOnError: true
"""


class Canaries:
    """A value for each place, that nobody else has."""

    def __init__(self) -> None:
        self.of = {name: secret(f"canaries.{name.lower()}", "+&") for name in (*PLACES, "OWN", "INPUT")}
        self.of["LINES"] = "\n".join(secret(f"canaries.line.{n}") for n in range(4)) + "\n"
        self.forms = {form: name for name, value in self.of.items() for form in self._forms(value)}

    def _forms(self, value: str) -> Iterator[bytes]:
        for line in value.split():
            raw = line.encode()
            yield from (raw, raw[4:-1], quote(line, safe="").encode(), json.dumps(line)[1:-1].encode())
            yield from (base64.b64encode(b"." * n + raw)[4:20] for n in range(3))

    def clean(self, data: bytes, where: object) -> None:
        found = {name for form, name in self.forms.items() if form in data}
        assert not found, f"{', '.join(found)} in {where}"


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def shop(home: Home, repo: Repo, canaries: Canaries) -> Repo:
    key = new_key()
    _keep(home, key)
    (home.folder / "sops").mkdir()
    sops = Sops(home.folder / "sops", key)
    plain = json.dumps({name: canaries.of[name] for name in PLACES if name != "BINARY"})
    everything = sops.encrypted("all.yaml", plain).decode()
    binary = sops.encrypted("key.bin", canaries.of["BINARY"].encode() + b"\x00\xfe\xff").decode()
    for left in (home.folder / "sops").iterdir():
        left.unlink()
    container = workflow("container", CONTAINER)
    repo.commit(
        {
            "windlass.yaml": SETTINGS,
            "secrets/all.yaml": everything,
            "secrets/key.bin": binary,
            "actions/tell/action.yaml": ACTION,
            "workflows/everywhere.yaml": workflow("everywhere", LOCAL),
            "workflows/inner.yaml": workflow("inner", INNER),
            "workflows/docker.yaml": container.replace("container", "docker").replace("RUNNER", "builds"),
            "workflows/pod.yaml": container.replace("container", "pod").replace("RUNNER", "pods"),
        }
    )
    for name, place in (("docker", "DOCKER"), ("pod", "POD")):
        path = repo.path / f"workflows/{name}.yaml"
        repo.commit({f"workflows/{name}.yaml": path.read_text().replace("secrets.NAME", f"secrets.{place}")})
    return repo


def _keep(home: Home, key: Key) -> None:
    file = home.folder / KEYS
    file.parent.mkdir(parents=True)
    keeps(file).write_text(f"{key.secret}\n")


def with_runners(home: Home, runners: Mapping[str, Any]) -> tuple[str, ...]:
    file = home.folder / "windlass-server.yaml"
    grant = {"repositories": ["shop"], "paths": ["secrets"]}
    keys = {"name": "keys", "backend": "sops", "age": [{"file": str(home.folder / KEYS)}], "allow": [grant]}
    file.write_text(json.dumps({"runners": dict(runners), "secrets": {"stores": [keys]}}))
    return "--config", str(file)


def in_memory(server: Server) -> Iterator[Path]:
    """Where links of the data folder lead: files of attempts that hold secrets."""
    for place, _, names in os.walk(server.data):
        for path in (Path(place, name) for name in names):
            with contextlib.suppress(OSError):
                yield path.readlink()


def clean_everywhere(server: Server, canaries: Canaries) -> None:
    """The data folder (ledger with its WAL, logs, objects, folders of attempts), what the server logs, every answer,
    and all processes."""
    for place, _, names in os.walk(server.data):
        for path in (Path(place, name) for name in names if not Path(place, name).is_symlink()):
            with contextlib.suppress(FileNotFoundError, OSError):  # it goes with its attempt; sockets are no files
                canaries.clean(path.read_bytes(), path)
    canaries.clean(server.log.encode(), "the log of the server")
    paths = ["runs", "repositories", "repositories/shop", "repositories/shop/secrets", "workflows", "secrets", "audit"]
    for run in server.runs():
        paths += [f"runs/{run['id']}{part}" for part in ("", "/plan", "/definition", "/artifacts", "/logs")]
        paths += [f"runs/{run['id']}/steps/{step}/logs" for step in _steps(server.run(run["id"]))]
    for path in paths:
        canaries.clean(server.http.get(f"/api/v1/{path}").content, path)
    for path in ("/metrics", "/api/openapi.json", "/hooks/shop/push"):
        canaries.clean(server.http.get(path).content, path)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
            canaries.clean(words, f"the arguments of {pid}")
            if b"windlass" in words.partition(b"\0")[0] or b"/windlass\0" in words:  # ours, and no step's
                canaries.clean(Path(f"/proc/{pid}/environ").read_bytes(), f"the environment of {pid}")


def _steps(run: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, step in run["steps"].items():
        yield f"{above}{name}"
        if step.get("steps"):
            yield from _steps(step, f"{above}{name}%2F")


def test_on_this_machine(home: Home, shop: Repo, serve: MakeServer, canaries: Canaries) -> None:
    own = home.folder / "own"
    keeps(own).write_text(canaries.of["OWN"])
    server = serve(shop.path)
    done = home.windlass("secrets", "set", "OWN", "--repository", "shop", "--file", str(own), "--server", server.url)
    assert done.returncode == 0, done.stderr
    own.unlink()
    hook = {"Authorization": f"Bearer {canaries.of['HOOK']}"}
    assert server.http.post("/hooks/shop/push", headers=hook, json={}).status_code == 202
    given = {"given": canaries.of["INPUT"], "title": "${{ secrets.ENV }}"}
    run = server.begin("shop", "everywhere", inputs=given)
    result = server.ended(run, 60)
    told = {name: (step["status"], step["cause"], step["message"]) for name, step in result["steps"].items()}
    assert result["status"] == "succeeded", told
    assert told["nul"] == (
        "errored",
        "secret-failed",
        "secrets.BINARY: NUL bytes cannot stand in a variable: give it as a file",
    )
    assert result["steps"]["file"]["outputs"]["size"] == len(canaries.of["BINARY"]) + 3
    failing = {"nul", "parts", "asked", "typed", "malformed", "artifact", "crash", "missing", "large"}
    assert {name for name, (status, *_) in told.items() if status != "succeeded"} == failing, told
    assert result["outputs"] == {"said": "it is ***"}
    assert server.step_log(run, "env").text.startswith("*** Bearer *** ***\n***\n")
    assert server.step_log(run, "file").text.startswith("key=****:***")
    until(lambda: all(one["status"] not in ("queued", "running") for one in server.runs()), 60)
    clean_everywhere(server, canaries)
    until(lambda: not [found for found in in_memory(server) if found.exists()])
    server.kill()  # the WAL as a crash leaves it
    server.start()
    clean_everywhere(server, canaries)


def test_in_containers(home: Home, shop: Repo, serve: MakeServer, canaries: Canaries, dockerd: Dockerd) -> None:
    runner = {"kind": "docker", "host": dockerd.host, "image": "windlass-test:1"}
    server = serve(shop.path, words=with_runners(home, {"builds": runner, "pods": runner}))
    result = server.ended(server.begin("shop", "docker"), 60)
    assert result["steps"]["use"]["outputs"] == {"length": str(len(canaries.of["DOCKER"]))}, result["steps"]["use"]
    assert [result["steps"][name]["status"] for name in ("fails", "gone")] == ["failed", "errored"]
    clean_everywhere(server, canaries)
    filters = json.dumps({"label": [f"windlass.run={result['id']}"]})
    until(lambda: not dockerd.engine.json("GET", "/containers/json", all="1", filters=filters))
    for kept in ("/containers/json", "/images/json", "/volumes", "/networks"):
        canaries.clean(json.dumps(dockerd.engine.json("GET", kept)).encode(), kept)
    canaries.clean((dockerd.folder / "log").read_bytes(), "the log of the engine")
    for path, kept_there in contents(dockerd.folder / "root/containers"):
        canaries.clean(kept_there, path)


def test_in_a_cluster(
    home: Home, shop: Repo, serve: MakeServer, canaries: Canaries, cluster: Cluster, namespace: str
) -> None:
    runner = {"kind": "kubernetes", "kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    runner["image"] = "windlass.test/shell:1"
    server = serve(shop.path, words=with_runners(home, {"builds": runner, "pods": runner}))
    run = server.begin("shop", "pod")
    until(lambda: server.run(run)["steps"]["use"]["status"] in ("running", "succeeded"))
    kinds = "jobs,pods,events,configmaps,controllerrevisions,serviceaccounts,leases"
    canaries.clean(cluster.kubectl("-n", namespace, "get", kinds, "-o", "json").encode(), "the cluster")
    result = server.ended(run, 120)
    assert result["steps"]["use"]["outputs"] == {"length": str(len(canaries.of["POD"]))}, result
    assert [result["steps"][name]["status"] for name in ("fails", "gone")] == ["failed", "errored"]
    canaries.clean(cluster.kubectl("-n", namespace, "get", kinds, "-o", "json").encode(), "the cluster")
    until(lambda: '"items": []' in cluster.kubectl("-n", namespace, "get", "secrets", "-o", "json"), 60)
    clean_everywhere(server, canaries)
