"""A webhook of the cluster changes the Pods of steps: what becomes of an attempt, by a real one on the real cluster."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import IMAGE, TIMEOUT, Kube
from tests.slow.https_git import write_certificate

from windlass.executors.kubernetes.finished import LINGERS
from windlass.kube.resources import JOBS, PODS, Resource
from windlass.policies.policy import SAFE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scripts.cluster.cluster import Cluster

HOOKS = Resource(
    "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration",
    namespaced=False,
)  # fmt: skip
FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
Patch = list[dict[str, Any]]


class Webhook(ThreadingHTTPServer):
    """Answers every review with the same patch."""

    def __init__(self, address: str, folder: Path, patch: Patch) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch"}
                answer["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
                body = json.dumps({**review, "response": answer}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__((address, 0), Handler)
        self.authority = folder / "hook.crt"
        write_certificate(self.authority, folder / "hook.key", address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, folder / "hook.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://{address}:{self.server_port}/"


@pytest.fixture
def changed(cluster: Cluster, kube: Kube, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """`changed(*patch)`: every Pod of this test's namespace is changed so, and those of no other."""
    made: list[Webhook] = []

    def change(*patch: dict[str, Any]) -> None:
        hook = Webhook(cluster.network.gateway, tmp_path, list(patch))
        made.append(hook)
        threading.Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.02}).start()
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
        client = {"url": hook.url, "caBundle": base64.b64encode(hook.authority.read_bytes()).decode()}
        one = {
            "name": "change.windlass.test", "clientConfig": client, "rules": [rule], "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 10,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": kube.namespace}},
        }  # fmt: skip
        kube.call(kube.client.create(HOOKS, {"metadata": {"name": kube.namespace}, "webhooks": [one]}))
        wait_until(lambda: _is_asked(kube), TIMEOUT)

    yield change
    if made:
        kube.call(kube.client.delete(HOOKS, kube.namespace))
    for hook in made:
        hook.shutdown()
        hook.server_close()


def _is_asked(kube: Kube) -> bool:
    """The API server hears of a new webhook a moment later. Nothing is created by this."""
    marks = {"annotations": {"a": "b"}, "labels": {"a": "b"}}
    step = {"name": "step", "image": IMAGE, "env": [{"name": "A", "value": "b"}]}
    body = {
        "metadata": {"name": "probe", **marks},
        "spec": {"containers": [step], "volumes": [], "automountServiceAccountToken": False},
    }
    asked = kube.client.request("POST", PODS.path(kube.namespace), body, query={"dryRun": "All"})
    return "windlass.test/changed" in json.loads(kube.call(asked))["metadata"]["annotations"]


def add(container: dict[str, Any]) -> dict[str, Any]:
    return {"op": "add", "path": "/spec/containers/-", "value": {"image": IMAGE, "command": FOREVER, **container}}


MARK = {"op": "add", "path": "/metadata/annotations/windlass.test~1changed", "value": "yes"}
ADOPTED = {"op": "add", "path": "/metadata/labels/team", "value": "platform"}


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (
            add({"name": "spy", "securityContext": {"privileged": True}}),
            "spec.containers[spy].securityContext.privileged: privileged containers are not allowed (policy default)",
        ),
        (
            {"op": "add", "path": "/spec/volumes", "value": [{"name": "node", "hostPath": {"path": "/"}}]},
            None,  # nothing mounts it
        ),
        (
            {"op": "replace", "path": "/spec/containers/0/image", "value": "docker.io/elsewhere/shell:1"},
            "spec.containers[step].image: docker.io/elsewhere/shell:1 is none of the allowed images",
        ),
        (
            {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"capabilities": {"add": ["ALL"]}}},
            "spec.containers[step].securityContext.capabilities.add",
        ),
    ],
)
def test_what_the_policy_refuses_is_refused_whoever_wrote_it(
    kube: Kube, changed: Callable[..., None], patch: dict[str, Any], said: str | None
) -> None:
    changed(MARK, patch)
    policy = replace(SAFE, images=("windlass.test/shell",))
    found = kube.end("echo ran", terms={"policy": policy})
    if said is None:
        assert (found.exit_code, found.cause) == (0, None), found.message
        return
    assert (found.exit_code, found.cause) == (None, "policy"), found.message
    assert (found.message or "").startswith("a webhook of the cluster changed its Pod: spec.")
    assert said in (found.message or "")
    wait_until(lambda: all(pod["status"]["phase"] == "Failed" for pod in kube.pods()), TIMEOUT)


def test_what_the_policy_does_not_mind_is_the_clusters_affair(kube: Kube, changed: Callable[..., None]) -> None:
    changed(MARK, ADOPTED, {"op": "add", "path": "/spec/containers/0/env/-", "value": {"name": "ZONE", "value": "b"}})
    found = kube.end('echo "in $ZONE"', terms={"policy": SAFE})
    assert (found.exit_code, found.cause) == (0, None), found.message
    assert kube.log() == b"in b\n"
    assert kube.pod()["metadata"]["labels"]["team"] == "platform"


def test_containers_that_the_policy_names_are_the_clusters_own(kube: Kube, changed: Callable[..., None]) -> None:
    changed(MARK, add({"name": "mesh-proxy", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}))
    assert kube.end("true", terms={"policy": SAFE}).cause == "policy"


def test_a_sidecar_that_never_ends_keeps_neither_the_run_nor_the_pod(kube: Kube, changed: Callable[..., None]) -> None:
    """The end is the program's. Job and Pod go when that is recorded, and by themselves should nobody be there."""
    changed(MARK, add({"name": "mesh-proxy", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}))
    executor = kube.executor(policy=replace(SAFE, injected=("mesh-*",)))
    launch = kube.launch('echo ran; echo "a=1" >> "$WINDLASS_OUTPUT"; exit 3')
    executor.start([launch])
    found = kube.seen.ended(launch.key, TIMEOUT)
    assert (found.exit_code, found.cause, found.outputs) == (3, None, b"a=1\n")
    assert kube.log() == b"ran\n"
    assert kube.job()["spec"]["activeDeadlineSeconds"] >= LINGERS
    executor.forget(launch.key)
    wait_until(lambda: not kube.pods() and not kube.list(JOBS), TIMEOUT)
