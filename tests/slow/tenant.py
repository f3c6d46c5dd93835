"""A namespace as its users see it: `kubectl` and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import yaml
from scripts.cluster.control_plane import kubectl
from tests.slow.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


class Tenant:
    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace

    def try_kubectl(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(kubectl()), "--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace, *words]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=False, timeout=150, env=dict(os.environ)
        )

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        """What it prints."""
        done = self.try_kubectl(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def create(self, found: dict[str, Any]) -> str:
        """Its name."""
        return self.kubectl("create", "-f", "-", "-o", "name", stdin=yaml.safe_dump(found)).strip().partition("/")[2]

    def refused(self, found: dict[str, Any]) -> str:
        """What the API server says of it."""
        done = self.try_kubectl("create", "-f", "-", stdin=yaml.safe_dump(found))
        assert done.returncode != 0, f"it was taken: {done.stdout}"
        return done.stderr

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def names(self, kind: str) -> list[str]:
        return [one.partition("/")[2] for one in self.kubectl("get", kind, "-o", "name").split()]

    def wait(self, kind: str, name: str, condition: str, seconds: int = 90) -> None:
        """`kubectl wait` itself."""
        self.kubectl("wait", f"{kind}/{name}", f"--for=condition={condition}", f"--timeout={seconds}s")

    def condition(self, kind: str, name: str, type: str) -> dict[str, Any]:
        status = self.get(kind, name).get("status", {})
        found = (one for one in status.get("conditions", ()) if one["type"] == type)
        return next(found, {"status": "", "reason": "", "message": ""})

    def comes_to(self, kind: str, name: str, type: str, status: str, reason: str, seconds: float = 90) -> str:
        """Waits for a condition with that status and reason; its message."""

        def look() -> dict[str, Any] | None:
            one = self.condition(kind, name, type)
            return one if (one["status"], one["reason"]) == (status, reason) else None

        found = until(look, seconds, pause=0.1)
        assert found is not None
        return str(found["message"])

    def events(self, name: str) -> list[tuple[str, str, str]]:
        """(type, reason, message) of what was told of an object."""
        items = json.loads(self.kubectl("get", "events", "-o", "json"))["items"]
        return [(e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]


def repository(name: str, git: str, secret: str = "git", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "windlass.dev/v1",
        "kind": "WorkflowRepository",
        "metadata": {"name": name},
        "spec": {"git": git, "interval": "1s", "auth": {"secretRef": {"name": secret}}, **spec},
    }


def run_of(name: str, workflow: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "windlass.dev/v1",
        "kind": "WorkflowRun",
        "metadata": {"generateName": f"{workflow}-"},
        "spec": {"repository": name, "workflow": workflow, **spec},
    }
