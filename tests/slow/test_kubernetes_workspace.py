"""One workflow on a laptop, in a cluster, and on a server that is killed meanwhile: files go with it everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.slow.waiting import until

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

SHELL, PYTHON = "windlass.test/shell:1", "windlass.test/python:1"
HANDED = f"""
inputs: {{wait: {{type: string, default: ""}}}}
defaults: {{image: "{SHELL}", shell: sh}}
outputs: {{sum: "${{{{ steps.check.outputs.sum }}}}"}}
steps:
  build:
    checkout: true
    workingDirectory: app
    env: {{WAIT: "${{{{ inputs.wait }}}}"}}
    files: {{"~/.token": {{content: "token of ${{{{ run.workflow }}}}", mode: "0400"}}}}
    cache: {{key: deps, paths: [~/.cache/deps, vendor]}}
    outputs: {{big: {{type: file}}, long: {{size: 64Ki}}}}
    artifacts: {{save: {{reports: "app/out/*.txt"}}}}
    run: |
      echo begun
      until [ -z "$WAIT" ] || [ -e /tmp/go ]; do sleep 0.1; done
      [ "$(cat ~/.token)" = "token of handed" ]
      mkdir -p out ../vendor ~/.cache/deps
      [ -e ../vendor/dep ] || echo made > ../vendor/dep
      [ -e ~/.cache/deps/dep ] || echo made > ~/.cache/deps/dep
      cat source.txt > out/one.txt
      echo two > out/two.txt
      head -c 1048576 /dev/zero | tr '\\000' x > big.bin
      echo "big=app/big.bin" >> "$WINDLASS_OUTPUT"
      echo "long=$(head -c 30000 /dev/zero | tr '\\000' y)" >> "$WINDLASS_OUTPUT"
  pack:
    uses: std/files
    image: {PYTHON}
    artifacts:
      load: {{in: "${{{{ steps.build.artifacts.reports }}}}"}}
      save: {{packed: packed.tar}}
    with: {{do: archive, from: ["in/**/*.txt"], to: packed.tar}}
  check:
    env:
      LONG: ${{{{ steps.build.outputs.long }}}}
      SIZE: ${{{{ steps.build.outputs.big.size }}}}
      N: ${{{{ steps.pack.outputs.count }}}}
    artifacts: {{load: {{packed.tar: "${{{{ steps.pack.artifacts.packed }}}}"}}}}
    outputs: {{sum: {{type: string}}}}
    run: |
      tar -x -f packed.tar
      echo "sum=$(find . -name one.txt -exec cat {{}} +) $N ${{#LONG}} $SIZE" >> "$WINDLASS_OUTPUT"
"""
PATIENCE = 200
SUM = "from git 2 30000 1048576"


@pytest.fixture
def handed(repo: Repo) -> Repo:
    repo.write({"app/source.txt": "from git\n"})
    repo.add("handed", HANDED)
    return repo


@pytest.fixture
def config(home: Home, cluster: Cluster, namespace: str, own_image: str) -> tuple[str, str]:
    """A server file with the tests' cluster as a runner; our own image brings the files."""
    runner = {"kind": "kubernetes", "kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    path = home.folder / "windlass-server.yaml"
    path.write_text(json.dumps({"runners": {"pods": {**runner, "helperImage": own_image}}}))
    return "--config", str(path)


def cache_of(run: dict[str, Any]) -> tuple[str | None, bool]:
    found = run["steps"]["build"]["attempts"][-1]["cache"]
    return found["restored"], found["saved"]


def run_in_pods(home: Home, repo: Repo, config: tuple[str, str]) -> dict[str, Any]:
    """With more patience than a local run needs: there are three Pods in it, one after another."""
    words = ("run", "handed", *config, "--runner", "pods", "--output", "json")
    said, complaints = home.start(*words, cwd=repo.path).communicate(timeout=PATIENCE)
    result: dict[str, Any] = json.loads(said or complaints)
    assert result["status"] == "succeeded", (result, complaints)
    return result


def test_from_a_laptop(home: Home, handed: Repo, config: tuple[str, str]) -> None:
    results = [run_in_pods(home, handed, config) for _ in range(2)]
    assert [result["outputs"] for result in results] == [{"sum": SUM}] * 2
    assert [cache_of(result) for result in results] == [(None, True), ("deps", False)]


def test_on_a_server_that_is_killed_while_a_step_runs(
    home: Home, handed: Repo, config: tuple[str, str], serve: MakeServer, cluster: Cluster, namespace: str
) -> None:
    handed.add("handed", f"runner: pods\n{HANDED}")
    server = serve(handed.path, words=config)
    run = server.begin(handed.name, "handed", inputs={"wait": "yes"})
    until(lambda: "begun" in server.step_log(run, "build").text)
    server.kill()
    label = f"windlass.dev/run={run},windlass.dev/step=build"
    (pod,) = json.loads(cluster.kubectl("-n", namespace, "get", "pods", "-l", label, "-o", "json"))["items"]
    cluster.kubectl("-n", namespace, "exec", pod["metadata"]["name"], "-c", "step", "--", "touch", "/tmp/go")
    server.start()
    result = server.ended(run, PATIENCE)
    assert result["outputs"] == {"sum": SUM}, result
    assert len(result["steps"]["build"]["attempts"]) == 1
    big = result["steps"]["build"]["outputs"]["big"]
    assert server.http.get(big["url"]).content == b"x" * 1048576
    pods = json.loads(cluster.kubectl("-n", namespace, "get", "pods", "-o", "json"))["items"]
    assert len(pods) == 3
    until(
        lambda: all(
            one["status"]["phase"] == "Succeeded"
            for one in json.loads(cluster.kubectl("-n", namespace, "get", "pods", "-o", "json"))["items"]
        ),
        60,
    )
