"""std/helm with the real program and a real Kubernetes, from a chart in a folder and from servers of charts."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scripts.cluster.control_plane import kubectl as kubectl_binary
from tests.actions_library.conftest import Answer
from tests.cluster import namespace_in, shared
from tests.go_tool import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    from tests.actions_library.conftest import Act, Done, Site

SECRET = "s3cr3t-value"
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "values.yaml": "greeting: hi\nkey: none\nimage: ''\n",
    "templates/all.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
        'data: {greeting: {{ .Values.greeting | quote }}, length: "{{ len .Values.key }}"}\n'
        "{{ if .Values.image }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\n"
        "spec: {containers: [{name: it, image: {{ .Values.image }}}]}\n{{ end }}\n"
    ),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with shared() as made:
        yield made


@pytest.fixture(scope="module")
def binary() -> Path:
    return program("helm", "helm")


@pytest.fixture(scope="module")
def namespace(cluster: Any) -> Iterator[str]:
    with namespace_in(cluster.control_plane, "std") as name:
        yield name


@pytest.fixture
def helm(act: Act, cluster: Any, namespace: str, binary: Path) -> Callable[..., Done]:
    for name, text in CHART.items():
        path = act.folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    config = Path(cluster.kubeconfig).read_text()

    def run(command: str = "upgrade", **given: Any) -> Done:
        env = {"PATH": f"{binary.parent}:{kubectl_binary().parent}:{os.environ['PATH']}"}
        values = {"release": "shop", "namespace": namespace, "kubeconfig": config, "timeout": "60s"} | given
        if command == "upgrade":
            values = {"chart": "shop", **values}
        done = act("helm", command=command, env=env, **values)
        assert SECRET not in done.log
        assert "client-key-data" not in done.log
        return done

    return run


def test_from_nothing_and_back(act: Act, helm: Callable[..., Done], cluster: Any, namespace: str) -> None:
    (act.folder / "more.yaml").write_text("greeting: from a file\n")
    values = {"value-files": ["more.yaml"], "secret-values": f"key: {SECRET}\n"}
    done = helm(**values, values={"image": "windlass.test/pause:1"})
    assert done.code == 0, done.log
    assert done.outputs == {"revision": 1, "status": "deployed", "chart": "shop-0.1.0"}

    def data() -> str:
        found: str = cluster.kubectl("get", "configmap", "shop", f"-n={namespace}", "--output=jsonpath={.data}")
        return found

    assert data() == f'{{"greeting":"from a file","length":"{len(SECRET)}"}}'
    assert helm(**values, values={"greeting": "given"}).outputs["revision"] == 2
    assert '"greeting":"given"' in data()
    # Helm does not wait for what an upgrade removes, and takes a pod that is ending for the one that it would create.
    cluster.kubectl("wait", "pod/shop", f"-n={namespace}", "--for=delete", "--timeout=60s")
    assert helm(values={"greeting": "dry"}, **{"dry-run": True}).code == 0
    assert '"greeting":"given"' in data()
    assert helm("rollback", revision=1).outputs["revision"] == 3
    assert '"greeting":"from a file"' in data()
    assert helm("uninstall").outputs["status"] == "uninstalled"
    assert helm("uninstall").code == 0, "what is gone is gone"
    assert not list(act.folder.parent.glob("attempt/private-*"))


def test_what_does_not_get_ready_goes_back(helm: Callable[..., Done]) -> None:
    assert helm(release="half").outputs["revision"] == 1
    done = helm(release="half", values={"image": "windlass.test/none:1"}, atomic=True, timeout="4s")
    assert done.code == 1, done.log
    assert helm("uninstall", release="half").code == 0


def test_a_repository_that_asks_who_it_is(act: Act, helm: Callable[..., Done], binary: Path, site: Site) -> None:
    subprocess.run([binary, "package", "shop"], cwd=act.folder, check=True, capture_output=True)
    subprocess.run([binary, "repo", "index", "."], cwd=act.folder, check=True, capture_output=True)
    wanted = "Basic " + base64.b64encode(f"ada:{SECRET}".encode()).decode()

    def guarded(name: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            known = handler.headers.get("Authorization") == wanted
            data = (act.folder / name).read_bytes() if known else b"who are you?"
            handler.send_response(200 if known else 401)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

        return answer

    site.paths |= {f"/{name}": guarded(name) for name in ("index.yaml", "shop-0.1.0.tgz")}
    given = {"release": "asked", "repository": site.url, "username": "ada"}
    assert "401" in helm(**given, password="wrong").said
    done = helm(**given, password=SECRET, version="0.1.0")
    assert (done.code, done.outputs["chart"]) == (0, "shop-0.1.0"), done.log
    assert helm("uninstall", release="asked").code == 0
    site.paths["/index.yaml"] = Answer(500)
    assert helm(release="x", repository=site.url).said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chart": "none"}, "none is not there"),
        ({"chart": None}, "upgrade needs a chart"),
        ({"chart": "-x"}, "begins with -"),
        ({"value-files": ["none.yaml"]}, "value-files: none.yaml is not there"),
        ({"secret-values": f"{SECRET}: ["}, "helm upgrade ended with 1"),
        ({"repository": f"https://a:{SECRET}@127.0.0.1/"}, "repository holds credentials"),
        ({"repository": "http://127.0.0.1:9/"}, "helm upgrade ended with 1"),
        ({"username": "a", "repository": "http://127.0.0.1:9/"}, "username and password go together"),
        ({"kubeconfig": f"{SECRET}: ["}, "helm upgrade ended with 1"),
        ({"command": "rollback", "release": "none"}, "helm rollback ended with 1"),
    ],
)
def test_what_cannot_be_done(helm: Callable[..., Done], given: dict[str, Any], said: str) -> None:
    assert said in helm(**given).said
