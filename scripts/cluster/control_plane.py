"""etcd, the API server, and as wanted the controller manager, the scheduler and KWOK: a Kubernetes without a node.

In: a folder that keeps everything. Out: `kubeconfig`, of an administrator. Tests start their own to do harm: `kill`,
`pause`, `resume` and `restart` take the name of a part. Its address is of the loopback network, chosen by the folder,
so that a restart finds the same one and two never meet.
"""

from __future__ import annotations

import hashlib
import json
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from scripts.cluster.certificates import Authority
from scripts.cluster.parts import Part
from scripts.go_tools import TOOLS, built

SERVICES = "10.96.0.0/16"
KUBERNETES = "10.96.0.1"  # what pods know the API server by
PORT = 6443
# The defaults of the controller manager (20 a second, 5 Jobs at once) would hide what is to be measured.
PACE = ("--kube-api-qps=200", "--kube-api-burst=300")


class Refused(Exception):
    """What kubectl said."""


def kubectl() -> Path:
    return built(TOOLS["kubernetes"]) / "kubectl"


class ControlPlane:
    """`ends_with_us`: whatever happens to this process, the parts do not outlive it."""

    def __init__(
        self,
        folder: Path,
        *,
        controllers: bool = True,
        scheduler: bool = True,
        kwok: bool = False,
        address: str | None = None,
        ends_with_us: bool = False,
        more: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.address = address or _loopback(self.folder)
        self._ends_with_us = ends_with_us
        self._more = more or {}
        self._wanted = ["etcd", "kube-apiserver"]
        self._wanted += ["kube-controller-manager"] if controllers else []
        self._wanted += ["kube-scheduler"] if scheduler else []
        self._wanted += ["kwok"] if kwok else []

    @property
    def server(self) -> str:
        return f"https://{self.address}:{PORT}"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "pki" / "admin.kubeconfig"

    @property
    def audit(self) -> Path:
        """Where the API server writes what service accounts ask it for, a line of JSON each."""
        return self.folder / "audit.log"

    @cached_property
    def authority(self) -> Authority:
        return Authority(self.folder / "pki")

    @cached_property
    def parts(self) -> dict[str, Part]:
        """In the order of their start."""
        commands = {
            "etcd": self._etcd,
            "kube-apiserver": self._api_server,
            "kube-controller-manager": self._controller_manager,
            "kube-scheduler": self._scheduler,
            "kwok": self._kwok,
        }
        return {name: self._part(name, commands[name]()) for name in self._wanted}

    def _part(self, name: str, arguments: list[str]) -> Part:
        tool = name if name in TOOLS else "kubernetes"
        command: list[str | Path] = [built(TOOLS[tool]) / name, *arguments, *self._more.get(name, ())]
        return Part(name, self.folder, command, ends_with_us=self._ends_with_us)

    def start(self) -> None:
        """Ready when this returns; what runs already goes on. Raises NotReady, go_tools.CannotBuild."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority.kubeconfig("admin", self.server, "admin", "system:masters")
        for part in self.parts.values():
            part.start()
            if part.name == "kube-apiserver":
                self.wait()

    def stop(self) -> None:
        """From the last to the first. The folder stays, with the state."""
        for part in reversed(self.parts.values()):
            part.kill()

    def kill(self, name: str) -> None:
        self.parts[name].kill()

    def pause(self, name: str) -> None:
        self.parts[name].send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.parts[name].send(signal.SIGCONT)

    def restart(self, name: str) -> None:
        """Ended as an operator would, and started again; answers again when this returns."""
        self.parts[name].stop()
        self.parts[name].start()
        self.wait()

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """What it prints. Raises Refused with what it says when it fails."""
        command = [str(kubectl()), "--kubeconfig", str(self.kubeconfig), *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise Refused(f"kubectl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def has_account(self, namespace: str) -> bool:
        """Whether pods can be created there: not without its service account, which the controllers make."""
        return self.ask("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default") is not None

    def wait(self) -> None:
        """Until the API server says that it is ready. Raises NotReady."""
        self.parts["kube-apiserver"].wait_for(self.ready)

    def ready(self) -> bool:
        try:
            return self.ask("GET", "/readyz", patience=5) is not None
        except OSError:  # URLError is one
            return False

    def ask(
        self, method: str, path: str, body: dict[str, object] | None = None, *, patience: float = 60
    ) -> bytes | None:
        """What the API server answers; None: it is not there. A PATCH is a server-side apply. For what is asked often:
        each kubectl is a process. Raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        words = {"Content-Type": "application/apply-patch+yaml" if method == "PATCH" else "application/json"}
        asked = urllib.request.Request(f"{self.server}{path}", data, words, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(asked, context=self._trusted(), timeout=patience) as answer:  # noqa: S310
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            with error:
                if error.code != HTTPStatus.NOT_FOUND:
                    raise
                return None

    def _trusted(self) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(self.authority.certificate))
        made.load_cert_chain(*self.authority.issue("admin", "admin", "system:masters"))
        return made

    def _etcd(self) -> list[str]:
        certificate, key = self.authority.issue("etcd", "etcd", addresses=(self.address,))
        ca = self.authority.certificate
        clients, peers = f"https://{self.address}:2379", f"https://{self.address}:2380"
        return [
            *("--name=etcd", f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync", "--log-level=warn"),
            *(f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=etcd={peers}",
            *(f"--cert-file={certificate}", f"--key-file={key}", "--client-cert-auth"),
            *(f"--peer-cert-file={certificate}", f"--peer-key-file={key}", "--peer-client-cert-auth"),
            *(f"--trusted-ca-file={ca}", f"--peer-trusted-ca-file={ca}"),
        ]

    def _api_server(self) -> list[str]:
        ca = self.authority.certificate
        names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
        certificate, key = self.authority.issue("api", "kube-apiserver", addresses=(self.address, KUBERNETES, *names))
        # The kubelet lets it read logs and execute by this.
        client, client_key = self.authority.issue("api-client", "kube-apiserver", "system:masters")
        accounts = self.authority.signing_key("accounts")
        return [
            *(f"--etcd-servers=https://{self.address}:2379", f"--etcd-cafile={ca}"),
            *(f"--etcd-certfile={client}", f"--etcd-keyfile={client_key}"),
            *(f"--bind-address={self.address}", f"--advertise-address={self.address}", f"--secure-port={PORT}"),
            "--endpoint-reconciler-type=none",  # it refuses an address of the loopback network
            *(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}", f"--client-ca-file={ca}"),
            *(f"--kubelet-client-certificate={client}", f"--kubelet-client-key={client_key}"),
            "--kubelet-preferred-address-types=InternalIP",
            *(f"--service-cluster-ip-range={SERVICES}", "--service-account-issuer=https://kubernetes.default.svc"),
            *(f"--service-account-key-file={accounts}", f"--service-account-signing-key-file={accounts}"),
            *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged"),
            f"--cert-dir={self.folder}/pki",
            *(f"--audit-policy-file={Path(__file__).with_name('audit.yaml')}", f"--audit-log-path={self.audit}"),
        ]

    def _controller_manager(self) -> list[str]:
        config = self.authority.kubeconfig("controllers", self.server, "system:kube-controller-manager")
        return [
            *(f"--kubeconfig={config}", "--secure-port=0", "--leader-elect=false", *PACE),
            *("--concurrent-job-syncs=20", "--use-service-account-credentials"),
            f"--service-account-private-key-file={self.authority.signing_key('accounts')}",
            f"--root-ca-file={self.authority.certificate}",
        ]

    def _scheduler(self) -> list[str]:
        config = self.authority.kubeconfig("scheduler", self.server, "system:kube-scheduler")
        return [f"--kubeconfig={config}", "--secure-port=0", "--leader-elect=false", *PACE]

    def _kwok(self) -> list[str]:
        config = self.authority.kubeconfig("kwok", self.server, "kwok", "system:masters")
        return [
            *(f"--kubeconfig={config}", f"--config={Path(__file__).with_name('kwok.yaml')}"),
            *("--manage-all-nodes=false", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake"),
            "--node-lease-duration-seconds=40",  # without leases, nodes turn NotReady after 40 s
            *(f"--node-ip={self.address}", "--cidr=10.244.0.0/16"),
        ]


def _loopback(folder: Path) -> str:
    """127.64.0.0/10 by the folder: nobody else is there, not even as the source of a connection."""
    first, second, third = hashlib.sha256(str(folder).encode()).digest()[:3]
    return f"127.{64 + first % 64}.{second}.{1 + third % 254}"
