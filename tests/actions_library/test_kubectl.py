"""std/kubectl with the real program and a real Kubernetes."""

from __future__ import annotations

import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripts.cluster.control_plane import kubectl as binary
from tests.cluster import namespace_in, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.actions_library.conftest import Act, Done

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{greeting: {greeting}}}\n"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: web, image: "%s"}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with shared() as made:
        yield made


@pytest.fixture(scope="module")
def namespace(cluster: Any) -> Iterator[str]:
    with namespace_in(cluster.control_plane, "std") as name:
        yield name


@pytest.fixture
def kubectl(act: Act, cluster: Any, namespace: str) -> Callable[..., Done]:
    config = Path(cluster.kubeconfig).read_text()

    def run(command: str, **given: Any) -> Done:
        env = {"PATH": f"{binary().parent}:{os.environ['PATH']}"}
        done = act("kubectl", command=command, env=env, **{"namespace": namespace, "kubeconfig": config, **given})
        assert "client-key-data" not in done.log
        return done

    return run


def manifest(name: str = "shop", greeting: str = "hi") -> str:
    return CONFIG_MAP.format(name=name, greeting=greeting)


def test_from_a_difference_to_none(act: Act, kubectl: Callable[..., Done]) -> None:
    looked = kubectl("diff", manifest=manifest())
    assert looked.code == 0, looked.log
    assert looked.outputs["changed"]
    assert "+  greeting: hi" in looked.outputs["diff"]
    (act.folder / "k8s").mkdir()
    (act.folder / "k8s/a.yaml").write_text(manifest())
    (act.folder / "k8s/b.yaml").write_text(manifest("other"))
    applied = kubectl("apply", manifests=["k8s/*.yaml"])
    assert applied.outputs["resources"] == ["configmap/shop", "configmap/other"], applied.log
    assert applied.outputs["changed"]
    again = kubectl("apply", manifests=["k8s"])
    assert (again.code, again.outputs["changed"]) == (0, False)
    assert not kubectl("diff", manifests=["k8s/a.yaml"]).outputs["changed"]
    found = kubectl("get", resource="configmap/shop").outputs["result"]
    assert found["data"] == {"greeting": "hi"}
    gone = kubectl("delete", resource="configmap shop other")
    assert gone.outputs["resources"] == ["configmap/shop", "configmap/other"], gone.log
    assert not kubectl("delete", manifests=["k8s"]).outputs["changed"], "what is gone is gone"
    assert not list(act.folder.parent.glob("attempt/private-*"))


def test_a_dry_run_changes_nothing(kubectl: Callable[..., Done]) -> None:
    done = kubectl("apply", manifest=manifest("dry"), **{"dry-run": True, "server-side": True})
    assert done.outputs["resources"] == ["configmap/dry"], done.log
    assert kubectl("get", resource="configmap", selector="app=none").outputs["result"]["items"] == []
    assert "NotFound" in kubectl("get", resource="configmap/dry").said


def test_it_waits_until_all_is_rolled_out(kubectl: Callable[..., Done]) -> None:
    both = f"{manifest('beside')}---{DEPLOYMENT % 'windlass.test/pause:1'}"
    done = kubectl("apply", manifest=both, wait=True, timeout="60s")
    assert done.code == 0, done.log
    assert 'deployment "web" successfully rolled out' in done.log
    assert kubectl("wait", resource="deployment/web", **{"for": "condition=Available"}).code == 0
    assert kubectl("restart", resource="deployment/web", wait=True, timeout="60s").code == 0
    assert kubectl("rollout", resource="deployment/web").code == 0
    never = kubectl("apply", manifest=DEPLOYMENT % "windlass.test/none:1", wait=True, timeout="2s")
    assert "timed out" in never.said or "not done within 2s" in never.said
    assert kubectl("undo", resource="deployment/web", wait=True, timeout="60s").code == 0
    assert kubectl("delete", resource="deployment/web").outputs["changed"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": "apply"}, "needs one of manifests, manifest and kustomize, not 0"),
        ({"command": "apply", "manifests": ["none.yaml"]}, "none.yaml is not there"),
        ({"command": "apply", "manifests": ["none/*.yaml"]}, "matches no file"),
        ({"command": "apply", "manifest": "a: ["}, "kubectl apply ended with 1: error"),
        ({"command": "diff", "manifest": "kind: None"}, "kubectl diff ended with 2: error"),
        ({"command": "get"}, "needs a resource"),
        ({"command": "get", "resource": "nothings"}, "the server doesn't have a resource type"),
        ({"command": "wait", "resource": "pods"}, "wait needs `for`"),
        ({"command": "wait", "resource": "pod/none", "for": "-x"}, "begins with -"),
        ({"command": "get", "resource": "pods", "kubeconfig": "s3cr3t: {"}, "kubectl get ended with 1"),
        ({"command": "get", "resource": "pods", "context": "none"}, 'context "none" does not exist'),
    ],
)
def test_what_cannot_be_done(kubectl: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    done = kubectl(**given)
    assert said in done.said
    assert "s3cr3t" not in done.log


def config_of(url: str, **more: Any) -> str:
    cluster = {"server": url, **more}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "s3cr3t-token"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
    )


def test_servers_that_do_not_serve(kubectl: Callable[..., Done], free_port: int, certificate: Path) -> None:
    def get(url: str, **more: Any) -> str:
        done = kubectl("get", resource="pods", kubeconfig=config_of(url, **more), timeout="5s")
        assert "s3cr3t" not in done.log
        return done.said

    assert "refused" in get(f"http://127.0.0.1:{free_port}")

    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert "kubectl get ended with 1" in get(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        assert "certificate" in get(f"https://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
