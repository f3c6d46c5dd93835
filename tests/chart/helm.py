"""The chart through the real Helm, and what it renders as objects."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.go_tools import TOOLS, built, why_not
from tests.cluster import IN_CI

CHART = Path(__file__).parents[2] / "deploy" / "chart"
WHOLE: dict[str, Any] = {
    "database": {"existingSecret": "windlass-database"},
    "controller": {"replicas": 2},
    "tenants": [{"namespace": "team-a"}, {"namespace": "team-b"}],
    "tokens": {"existingSecret": "windlass-tokens", "holders": [{"name": "ada", "groups": ["ops"]}]},
    "server": {"objects": "s3://windlass/objects"},
    "secretFiles": [{"name": "forge"}],
    "web": {"ingress": {"enabled": True, "hosts": ["windlass.example.com"], "tlsSecret": "tls"}},
    "serviceMonitor": {"enabled": True},
    "networkPolicy": {"ingressFrom": [{"namespaceSelector": {}}]},
}


def tool(name: str) -> str:
    """Skips the test, or fails it in CI, where it cannot be had."""
    reason = why_not(TOOLS[name])
    if reason is not None:
        assert not IN_CI, reason
        pytest.skip(reason)
    return str(built(TOOLS[name]) / name)


def helm(*words: str, stdin: str | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [tool("helm"), *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=180, env=env)


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    done = helm("template", "w", str(CHART), "--namespace", "windlass", "--values", "-", stdin=json.dumps(values))
    assert done.returncode == 0, done.stderr
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def refused(values: dict[str, Any]) -> str:
    """What Helm says of values that are wrong."""
    done = helm("template", "w", str(CHART), "--values", "-", stdin=json.dumps(values))
    assert done.returncode != 0, done.stdout
    return done.stderr


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pods of Deployments by the Deployment's name, as pods."""
    return {
        one["metadata"]["name"]: {"metadata": one["spec"]["template"]["metadata"], **one["spec"]["template"]}
        for one in objects
        if one["kind"] == "Deployment"
    }
