"""The library `std` by the real command: its examples do what they say, its pages and its folder are in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from scripts.cluster.control_plane import kubectl
from tests.actions_library.certificates import certificate_of_localhost
from tests.actions_library.conftest import Answer, Site
from tests.actions_library.smtp import Mailbox
from tests.ansible import BINARIES as ANSIBLE
from tests.ansible import reason as why_no_ansible
from tests.cluster import namespace_in, shared
from tests.docker_engine import IMAGE as DOCKER_IMAGE
from tests.docker_engine import IN_CI
from tests.go_tool import program
from tests.registry import Registry, why_no_registry
from tests.s3 import S3
from tests.s3 import reason as why_no_s3
from tests.slow.repo import Repo, workflow
from tests.terraform import binary as terraform
from tests.terraform import reason as why_no_terraform

if TYPE_CHECKING:
    from tests.docker_engine import Dockerd
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "actions-library"
ACTIONS = sorted(path.parent.name for path in LIBRARY.glob("*/action.yaml"))


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def example(home: Home, repo: Repo) -> Callable[..., Any]:
    """Runs the example of an action in a repository that has nothing else but `files`, with these inputs."""

    def run(
        action: str,
        code: int = 0,
        files: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
        **inputs: str,
    ) -> Any:
        (file,) = (LIBRARY / action / "examples").glob("*.yaml")
        repo.commit({f"workflows/{file.name}": file.read_text(), **(files or {})})
        words = [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
        return home.run_json(repo.path, file.stem, *words, code=code, env=env)

    return run


@pytest.mark.parametrize("action", ACTIONS)
def test_each_has_what_people_read(action: str) -> None:
    """The README shows the example, which is executed below; the menu of the documentation leads to the page."""
    (file,) = (LIBRARY / action / "examples").glob("*.yaml")
    assert f"uses: std/{action}\n" in file.read_text()
    assert f"```yaml\n{file.read_text()}```" in (LIBRARY / action / "README.md").read_text()
    assert f"- actions/{action}.md" in (ROOT / "mkdocs.yml").read_text()
    declared = yaml.safe_load((LIBRARY / action / "action.yaml").read_text())
    silent = [
        one for key in ("inputs", "outputs") for one, of in declared.get(key, {}).items() if not of.get("description")
    ]
    assert declared["metadata"]["name"] == action
    assert not silent, "the page has to say what they are for"
    assert re.search(
        rf"^def test_the_example_of_{action.replace('-', '_')}\(", Path(__file__).read_text(), re.MULTILINE
    )


def test_the_folder_is_in_order(home: Home) -> None:
    copy = shutil.copytree(LIBRARY, home.folder / "library")
    done = home.windlass("check", "--strict", cwd=copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(ACTIONS) + 1} files: no problems\n"
    broken = next((copy / "http-request/examples").glob("*.yaml"))
    broken.write_text(broken.read_text().replace("token:", "tokn:"))
    assert "http-request/examples" in home.windlass("check", "--strict", cwd=copy).stdout, "examples are judged too"


def test_an_input_that_is_missing(home: Home, repo: Repo) -> None:
    """Refused before anything runs: by its name, at the step."""
    declared = {name: yaml.safe_load((LIBRARY / name / "action.yaml").read_text())["inputs"] for name in ACTIONS}
    wanted = {}
    for name, inputs in declared.items():
        needed = [one for one, of in inputs.items() if of.get("required", "default" not in of)]
        wanted |= {f"workflows/{name}.yaml": f"std/{name} needs with: {', '.join(needed)}"} if needed else {}
    repo.write({f"workflows/{name}.yaml": workflow(name, f"steps: {{it: {{uses: std/{name}}}}}\n") for name in ACTIONS})
    found = json.loads(home.windlass("check", "--output", "json", cwd=repo.path).stdout)["problems"]
    assert {one["file"]: one["message"] for one in found} == wanted
    assert {one["rule"] for one in found} == {"missing-input"}


def test_a_server_freezes_what_it_began_with(repo: Repo, serve: MakeServer, site: Site) -> None:
    site.paths["/"] = Answer(body=b"hi")
    step = f"steps: {{it: {{uses: std/http-request, with: {{url: '{site.url}/'}}}}}}"
    repo.commit({"workflows/it.yaml": workflow("it", f"outputs: {{it: '${{{{ steps.it.outputs.body }}}}'}}\n{step}\n")})
    server = serve(repo.path)
    run = server.begin("shop", "it")
    assert server.ended(run)["outputs"] == {"it": "hi"}
    plan = server.get(f"/runs/{run}/plan")["steps"]["it"]
    assert plan["script"] == (LIBRARY / "http-request/main.py").read_text()
    assert plan["given"]["target"] == "std/http-request"


def test_a_tool_that_is_not_installed_is_no_failure_of_the_step(home: Home, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    step = "steps: {it: {uses: std/transform, with: {data: '1', program: .}, retry: {on: [tool-missing]}}}"
    repo.commit({"workflows/it.yaml": workflow("it", f"{step}\n")})
    done = home.windlass("run", "it", "--output", "json", cwd=repo.path, env={"PATH": str(tmp_path)})
    step_of = json.loads(done.stdout)["steps"]["it"]
    assert (done.returncode, step_of["status"], step_of["cause"]) == (1, "errored", "tool-missing"), done
    assert "apt-get install jq" in step_of["message"]


def test_the_example_of_http_request(example: Callable[..., Any], site: Site) -> None:
    site.paths["/orders/4711"] = Answer(body=b'{"state": "paid"}')
    site.paths["/orders/4711/notes"] = Answer(201)
    result = example("http-request", service=site.url, token="s3cr3t")
    assert result["outputs"] == {"state": "paid"}
    assert [(one.method, one.path, one.headers["Authorization"]) for one in site.asked] == [
        ("GET", "/orders/4711", "Bearer s3cr3t"),
        ("POST", "/orders/4711/notes", "Bearer s3cr3t"),
    ]
    assert site.asked[1].body == b'{"text": "shipped"}'


def test_the_example_of_echo(example: Callable[..., Any]) -> None:
    assert example("echo", environment="production")["outputs"] == {"address": "https://production.shop.example.com"}


def test_the_example_of_wait_for(example: Callable[..., Any], site: Site) -> None:
    site.paths["/health"] = Answer()
    assert example("wait-for", health=f"{site.url}/health")["outputs"]["waited"] < 60
    assert len(site.asked) == 1


def test_the_example_of_format(example: Callable[..., Any]) -> None:
    assert example("format")["outputs"] == {
        "message": 'Shop 2.4.0 is out.\n- Faster search (thanks, Ada)\n- Quotes like " are fine (thanks, Grace)\n',
        "request": '{"release": "2.4.0", "first": "Faster search"}',
    }


def test_the_example_of_transform(example: Callable[..., Any]) -> None:
    assert example("transform")["outputs"] == {"names": ["lamp"]}
    assert example("transform", least="5")["outputs"] == {"names": ["lamp", "desk"]}


def test_the_example_of_files(example: Callable[..., Any]) -> None:
    assert example("files")["outputs"] == {"files": 2}


def test_the_example_of_archive(example: Callable[..., Any]) -> None:
    assert example("archive", version="2.0.0")["outputs"] == {"files": 2}


@pytest.fixture
def other(home: Home) -> Repo:
    """Another repository, which takes pushes to the branch that it stands on."""
    made = Repo(home.folder / "other")
    made.git("config", "receive.denyCurrentBranch", "updateInstead")
    made.commit({"settings.json": "{}"})
    return made


def test_the_example_of_git_clone(example: Callable[..., Any], other: Repo) -> None:
    result = example("git-clone", repository=f"file://{other.path}")
    assert result["outputs"] == {"commit": other.git("rev-parse", "HEAD")}


def test_the_example_of_git_commit(example: Callable[..., Any], other: Repo) -> None:
    result = example("git-commit", repository=f"file://{other.path}", version="2.5.0")
    assert result["outputs"] == {"commit": other.git("rev-parse", "HEAD"), "changed": True}
    assert (other.path / "staging/version.env").read_text() == "image=shop:2.5.0\n"


def test_the_example_of_notify(example: Callable[..., Any], site: Site) -> None:
    site.paths["/hook"] = Answer()
    assert example("notify", hook=f"{site.url}/hook")["status"] == "succeeded"
    message = json.loads(site.asked[0].body)
    assert (message["channel"], message["text"].splitlines()[0]) == ("#ops", "*Nightly – succeeded*")


def test_the_example_of_send_email(example: Callable[..., Any], tmp_path: Path) -> None:
    with Mailbox(certificate_of_localhost(tmp_path), users={"reports": "s3cr3t"}) as mailbox:
        result = example("send-email", server=mailbox.place, tls="never", password="s3cr3t")
    (mail,) = mailbox.mails
    assert mail.receivers == ["ada@shop.example.com", "grace@shop.example.com"]
    assert b"report.csv" in mail.data
    assert result["outputs"]["message"].encode() in mail.data


def test_the_example_of_sql(example: Callable[..., Any], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE articles AS SELECT 'lamp' AS name, 0 AS stock UNION SELECT 'desk', 9")
    result = example("sql", database=f"sqlite:{tmp_path}/shop.db")
    assert result["outputs"] == {"articles": [{"name": "lamp", "stock": 0}]}


def test_the_example_of_s3(example: Callable[..., Any], tmp_path: Path) -> None:
    if (reason := why_no_s3()) is not None:
        pytest.skip(reason)
    server = S3(tmp_path)
    try:
        server.bucket("shop-site")
        result = example("s3", endpoint=server.url, **{"access-key": "test", "secret-key": "s3cr3t"})
        assert result["outputs"] == {"published": ["www/index.html"]}
    finally:
        server.stop()


def test_the_example_of_terraform(example: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    if (reason := why_no_terraform()) is not None:
        pytest.skip(reason)
    monkeypatch.setenv("PATH", f"{terraform().parent}:{os.environ['PATH']}")
    main = (
        'variable "size" { type = number }\n'
        'resource "terraform_data" "one" {\n  count = var.size\n  input = "net-${count.index}"\n}\n'
        'output "names" { value = terraform_data.one[*].output }\n'
    )
    result = example("terraform", files={"infrastructure/main.tf": main}, size="3")
    assert result["outputs"] == {"adds": 3, "names": ["net-0", "net-1", "net-2"]}


def test_the_example_of_ansible(example: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if (reason := why_no_ansible()) is not None:
        pytest.skip(reason)
    monkeypatch.setenv("PATH", f"{ANSIBLE}:{os.environ['PATH']}")
    playbook = (
        "- hosts: all\n  gather_facts: false\n"
        f"  vars: {{ansible_python_interpreter: {sys.executable}}}\n"
        "  tasks: [{name: Greet, copy: {dest: '{{ folder }}/greeting', content: '{{ greeting }}'}}]\n"
    )
    result = example("ansible", files={"playbooks/shop.yaml": playbook}, greeting="Hello", folder=str(tmp_path))
    assert result["outputs"] == {"changed": True}
    assert (tmp_path / "greeting").read_text() == "Hello"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with shared() as made:
        yield made


def test_the_example_of_docker_build(example: Callable[..., Any], dockerd: Dockerd, tmp_path: Path) -> None:
    if (reason := why_no_registry()) is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    registry = Registry(tmp_path)
    try:
        shop = {"shop/Dockerfile": f"FROM {DOCKER_IMAGE}\nARG VERSION\nLABEL version=$VERSION\n"}
        given = {"registry": registry.host, "version": "2.0"}
        result = example("docker-build", files=shop, env=dockerd.environment, **given)
        digest = registry.digest("shop", "2.0")
    finally:
        registry.stop()
    assert result["outputs"] == {"image": f"{registry.host}/shop:2.0", "digest": digest}


def test_the_example_of_compose(example: Callable[..., Any], dockerd: Dockerd) -> None:
    if shutil.which("docker-compose") is None:
        assert not IN_CI, "docker-compose is missing"
        pytest.skip("docker-compose is missing: install the package docker-compose")
    command = '[sh, -c, "echo ${VERSION}; sleep 1000"]'
    web = f"{{image: '{DOCKER_IMAGE}', network_mode: none, init: true, command: {command}}}"
    files = {"deploy/compose.yaml": f"version: '3.7'\nservices:\n  web: {web}\n"}
    result = example("compose", files=files, env=dockerd.environment, project="example", version="2.0")
    assert result["outputs"] == {"running": ["web"]}
    (name,) = [one for one in dockerd.containers() if one.startswith("example")]
    assert dockerd.inspect(name)["Config"]["Cmd"] == ["sh", "-c", "echo 2.0; sleep 1000"]
    dockerd.engine.json("DELETE", f"/containers/{name}", force="1")


def test_the_example_of_kubectl(example: Callable[..., Any], cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{kubectl().parent}:{os.environ['PATH']}")
    config = Path(cluster.kubeconfig).read_text()
    with namespace_in(cluster.control_plane, "std") as namespace:
        given = {"namespace": namespace, "greeting": "Hello", "kubeconfig": config}
        assert example("kubectl", **given)["outputs"] == {"changed": True, "greeting": "Hello"}


def test_the_example_of_helm(example: Callable[..., Any], cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{program('helm', 'helm').parent}:{os.environ['PATH']}")
    chart = {
        "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "charts/shop/values.yaml": "replicas: 1\n",
        "charts/shop/templates/all.yaml": (
            'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {replicas: "{{ .Values.replicas }}"}\n'
        ),
    }
    config = Path(cluster.kubeconfig).read_text()
    with namespace_in(cluster.control_plane, "std") as namespace:
        result = example("helm", files=chart, namespace=namespace, replicas="3", kubeconfig=config)
        assert result["outputs"] == {"revision": 1, "status": "deployed"}
        found = cluster.kubectl("get", "configmap", "shop", f"-n={namespace}", "--output=jsonpath={.data.replicas}")
        assert found == "3"
