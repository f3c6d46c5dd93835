"""A release of the chart on a real cluster, as a platform engineer installs it, and the tenant that it serves."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from scripts.cluster.control_plane import Refused
from tests.chart.helm import CHART, helm
from tests.postgres import Postgres
from tests.slow.https_git import HttpsGit, https_git
from tests.slow.repo import Repo
from tests.slow.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster

EXAMPLE = CHART.parents[1] / "examples" / "repository.yaml"
PATIENCE = "240s"


class Release:
    """`values` are what an upgrade changes; `place`: the namespace of the release."""

    def __init__(self, cluster: Cluster, place: str, values: dict[str, Any]) -> None:
        self.cluster = cluster
        self.place = place
        self.values = values
        self.name = place

    def helm(self, *words: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        env = {"KUBECONFIG": str(self.cluster.kubeconfig), "HOME": str(self.cluster.folder), "PATH": "/usr/bin:/bin"}
        stdin = None if values is None else json.dumps(values)
        return helm(*words, "--namespace", self.place, stdin=stdin, env=env)

    def done(self, *words: str, values: dict[str, Any] | None = None) -> str:
        done = self.helm(*words, values=values)
        assert done.returncode == 0, f"{done.stderr}\n{self.state()}"
        return done.stdout

    def upgrade(self, chart: Path = CHART, **changed: Any) -> None:
        """Installs, if it is not there. Others on this cluster have installed the definitions: it takes them over."""
        words = (
            "upgrade",
            "--install",
            self.name,
            str(chart),
            "--values",
            "-",
            "--take-ownership",
            "--force-conflicts",
        )
        self.done(*words, "--wait", "--timeout", PATIENCE, values=self.values | changed)

    def kubectl(self, *words: str) -> str:
        return self.cluster.kubectl(f"--namespace={self.place}", *words)

    def objects(self, kinds: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """Those of this release; the pods of its Deployments among them."""
        labels = f"--selector=app.kubernetes.io/instance={self.name}"
        found = self.cluster.kubectl("get", kinds, f"--namespace={namespace or self.place}", labels, "-o=json")
        items: list[dict[str, Any]] = json.loads(found)["items"]
        return items

    @property
    def whole_name(self) -> str:
        """Of its objects, or the beginning of it."""
        return f"{self.name}-windlass"

    def pods(self, part: str) -> list[dict[str, Any]]:
        """Of `controller` or `web`, those that are to stay."""
        found = [one for one in self.objects("pods") if "deletionTimestamp" not in one["metadata"]]
        return [one for one in found if one["metadata"]["labels"]["app.kubernetes.io/component"] == part]

    def uids(self, part: str) -> set[str]:
        return {one["metadata"]["uid"] for one in self.pods(part)}

    def state(self) -> str:
        """For whoever looks at a test that failed."""
        said = []
        for words in (
            ("get", "pods,events"),
            ("logs", "--all-containers", "--prefix", "--tail=20", f"-l={self.label}"),
        ):
            try:
                said.append(self.kubectl(*words))
            except Refused as error:
                said.append(str(error))
        return "\n".join(said)

    @property
    def label(self) -> str:
        return f"app.kubernetes.io/instance={self.name}"


class Team(Tenant):
    """A tenant with a git server whose authority is in the Secret `git`."""

    def __init__(self, cluster: Cluster, namespace: str, git: HttpsGit) -> None:
        super().__init__(cluster.kubeconfig, namespace)
        self.git = git
        self.kubectl("create", "secret", "generic", "git", f"--from-file=ca.crt={git.authority}")

    def pods(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", "-o=json"))["items"]
        return found

    def repository(self) -> tuple[Repo, dict[str, Any]]:
        """A new one, and its object: the example with the address filled in, polled often."""
        found = yaml.safe_load(EXAMPLE.read_text())
        made = Repo(self.git.root / found["metadata"]["name"])
        found["spec"] |= {"git": self.git.url(made.name), "interval": "1s", "auth": {"secretRef": {"name": "git"}}}
        return made, found


@contextmanager
def database(address: str) -> Iterator[str]:
    """A PostgreSQL that pods reach; its URL."""
    folder = Path(tempfile.mkdtemp(prefix="wpg-"))
    server = Postgres(folder, address)
    server.start()
    try:
        server.execute("CREATE DATABASE windlass")
        yield server.url("windlass")
    finally:
        server.end(dumped=True)


@contextmanager
def team(cluster: Cluster, namespace: str) -> Iterator[Team]:
    with tempfile.TemporaryDirectory(prefix="git-") as folder:
        root, address = Path(folder), cluster.network.gateway
        (root / "git").mkdir()
        with https_git(root / "git", root / "tls", address) as git:
            yield Team(cluster, namespace, git)
