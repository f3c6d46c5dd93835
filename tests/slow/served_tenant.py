"""A server that looks after one namespace of a real cluster, and a git server for its repositories."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import rights
from tests.slow.home import Home
from tests.slow.https_git import HttpsGit, https_git
from tests.slow.repo import Repo
from tests.slow.server import Server
from tests.slow.tenant import Tenant, repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.cluster import Cluster
    from scripts.cluster.control_plane import ControlPlane

ROOT = Path(__file__).parents[2]


class Served(Tenant):
    """The namespace with everything around it. The Secret `git` holds the authority of the git server.

    The server has the rights that the chart gives it there.
    """

    def __init__(self, cluster: Cluster | ControlPlane, namespace: str, home: Home, git: HttpsGit) -> None:
        super().__init__(cluster.kubeconfig, namespace)
        self._account = rights.account(cluster, namespace, home.folder)
        self.home = home
        self.git = git
        self.server = self.new_server(namespace)
        self.kubectl("create", "secret", "generic", "git", f"--from-file=ca.crt={git.authority}")

    def new_server(self, *namespaces: str, **settings: Any) -> Server:
        """Not started; of the same data, so only one may be up."""
        import yaml

        file = self.home.folder / "server.yaml"
        kubernetes = {"kubeconfig": str(self._account), "namespaces": list(namespaces), **settings}
        # Or steps of a tenant would neither run on this machine nor on nodes that KWOK plays.
        policies = [{"name": "here", "runners": ["local"], "tolerations": [{"key": "kwok.x-k8s.io/node"}]}]
        file.write_text(yaml.safe_dump({"kubernetes": kubernetes, "policies": policies}))
        return Server(self.home, words=("--config", str(file)), steps_live_on=True)

    def repo(self, name: str) -> Repo:
        """A new repository that the git server serves."""
        return Repo(self.git.root / name)

    def serve(self, repo: Repo, **spec: Any) -> None:
        """Until it is Ready."""
        self.apply(repository(repo.name, self.git.url(repo.name), **spec))
        self.wait("wlrepo", repo.name, "Ready")

    def name(self, repo: Repo) -> str:
        """What its repository is called in the API."""
        return f"{self.namespace}.{repo.name}"


@contextmanager
def served(cluster: Cluster | ControlPlane, namespace: str, home: Home) -> Iterator[Served]:
    (home.folder / "git").mkdir()
    with https_git(home.folder / "git", home.folder / "tls") as git:
        made = Served(cluster, namespace, home, git)
        try:
            yield made
        finally:
            made.server.close()
