"""`runners` and `runner` of the server file: what they become, and what is said at the key that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.errors import ProblemsError
from windlass.loading.server_file import read_server_file, runners_of
from windlass.settings import RunnerSettings

FILE = """\
runner: builds
runners:
  builds: {kind: docker, host: "tcp://builder:2376", certificates: /etc/certs, image: "debian:12", parallel: 8}
  local: {kind: local, allowDocker: true}
  pods: {kind: kubernetes, dockerImage: "mirror/docker:dind"}
"""


def read(tmp_path, text):
    path = tmp_path / "windlass-server.yaml"
    path.write_text(text)
    return read_server_file(path)


def test_runners(tmp_path):
    model = read(tmp_path, FILE)
    assert model.runner == "builds"
    assert runners_of(model) == {
        "builds": RunnerSettings(
            "builds", "docker", 8, "debian:12", host="tcp://builder:2376", certificates=Path("/etc/certs")
        ),
        "local": RunnerSettings("local", "local", allow_docker=True),
        "pods": RunnerSettings("pods", "kubernetes", docker_image="mirror/docker:dind"),
    }


@pytest.mark.parametrize(
    ("text", "at", "rule", "said"),
    [
        ("runners: {a: {kind: cloud}}", (1, 21), "invalid-value", "'local', 'docker' or 'kubernetes'"),
        ("runners: {a: {kind: local, host: x}}", (1, 28), "runner-key", "kind local has no host"),
        ("runners: {a: {kind: docker, namespace: x}}", (1, 29), "runner-key", "kind docker has no namespace"),
        ("runners: {a: {kind: kubernetes, allowDocker: true}}", (1, 33), "runner-key", "has no allowDocker"),
        ("runners: {a: {kind: docker, dockerImage: x}}", (1, 29), "runner-key", "kind docker has no dockerImage"),
        ("runners: {docker: {kind: local}}", (1, 26), "runner-name", "the runner docker is of kind docker"),
        ("runners: {a: {}}", (1, 11), "missing-key", "needs the key kind"),
        ("runner: b\nrunners: {a: {kind: local}}", (1, 9), "unknown-runner", "there is no runner b"),
        ("runners: {a: {kind: local, paralel: 3}}", (1, 28), "unknown-key", "unknown key paralel"),
    ],
)
def test_refused_at_its_place(tmp_path, text, at, rule, said):
    with pytest.raises(ProblemsError) as refused:
        read(tmp_path, text)
    (problem,) = refused.value.problems
    assert ((problem.span.line, problem.span.column), problem.rule) == (at, rule)
    assert said in problem.message
