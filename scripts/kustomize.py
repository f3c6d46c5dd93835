"""The kustomize bases, from the chart: for those who do without Helm.

In: deploy/chart, the program helm. Out: the generated files of deploy/kustomize: `base/windlass.yaml`, what is in the
namespace of the installation, and `tenant/tenant.yaml`, what is in that of each tenant. Written by hand are the server
file and the `kustomization.yaml` beside them; the definitions are those of deploy/crds.

    python -m scripts.kustomize [--check]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from scripts.go_tools import TOOLS, built

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "kustomize"
HEAD = "# Generated from deploy/chart by `python -m scripts.kustomize`.\n"
TENANT = "tenant"
VALUES = {
    "database": {"existingSecret": "windlass-database"},
    "internalToken": {"existingSecret": "windlass-internal"},
    "tokens": {"existingSecret": "windlass-tokens", "holders": [{"name": "admin"}]},
    "controller": {"replicas": 2},
    "crds": {"install": False},
    "tenants": [{"namespace": TENANT}],
}
OF_HELM = ("helm.sh/chart", "helm.sh/resource-policy", "app.kubernetes.io/managed-by", "windlass.dev/server-file")


def generated() -> dict[Path, str]:
    """What stands in which file."""
    objects = [_without_helm(one) for one in _rendered() if one["kind"] != "ConfigMap"]
    tenants = [one for one in objects if one["metadata"].get("namespace") == TENANT]
    others = [one for one in objects if one not in tenants]
    for one in tenants:
        del one["metadata"]["namespace"]
    return {
        FOLDER / "base" / "windlass.yaml": _text(others),
        FOLDER / "tenant" / "tenant.yaml": _text(tenants),
    }


def _rendered() -> list[dict[str, Any]]:
    helm = str(built(TOOLS["helm"]) / "helm")
    words = [helm, "template", "windlass", str(ROOT / "deploy" / "chart"), "--namespace", "windlass", "--values", "-"]
    done = subprocess.run(words, input=json.dumps(VALUES), capture_output=True, text=True, check=True, timeout=60)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def _without_helm(one: dict[str, Any]) -> dict[str, Any]:
    """Without what only Helm needs. The server file is in a generated ConfigMap, whose name changes with it."""
    metadata = [one["metadata"]]
    if one["kind"] == "Deployment":
        metadata.append(one["spec"]["template"]["metadata"])
    for found in metadata:
        for key in ("labels", "annotations"):
            kept = {name: value for name, value in found.pop(key, {}).items() if name not in OF_HELM}
            if kept:
                found[key] = kept
    return one


def _text(objects: Iterable[dict[str, Any]]) -> str:
    return HEAD + yaml.safe_dump_all(objects, sort_keys=False, width=120)


def main(words: list[str]) -> int:
    files = generated()
    if "--check" in words:
        stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python -m scripts.kustomize", file=sys.stderr)
        return 1 if stale else 0
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
