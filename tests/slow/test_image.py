"""Our own image: what a cluster's policy demands of it, what is in it, and that the Dockerfile makes the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.image import build
from scripts.cluster.parts import until
from tests.cluster import PATIENCE

if TYPE_CHECKING:
    from scripts.cluster.cluster import Cluster

DOCKERFILE = (Path(build.__file__).parent / "Dockerfile").read_text()
INSIDE = (
    "set -e; id -u; windlass --version; git --version; tar --version | head -1\n"
    # What wheels take for granted.
    f"if find {build.SITE} -name '*.so*' -exec ldd {{}} + 2>&1 | grep 'not found'; then exit 1; fi\n"
    "python3 -c 'import kopf, psycopg, boto3, google.auth, azure.identity'"
)


def test_it_runs_without_root_on_a_file_system_that_is_read_only(
    cluster: Cluster, namespace: str, own_image: str
) -> None:
    security = {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    container = {"name": "main", "image": own_image, "command": ["sh", "-c", INSIDE], "securityContext": security}
    spec = {"restartPolicy": "Never", "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "own"}, "spec": spec}
    cluster.kubectl("apply", f"-n={namespace}", "-f-", stdin=json.dumps(pod))
    phase = ("get", f"-n={namespace}", "pod/own", "-o=jsonpath={.status.phase}")
    assert until(lambda: cluster.kubectl(*phase) in ("Succeeded", "Failed"), PATIENCE)
    said = cluster.kubectl("logs", f"-n={namespace}", "own").splitlines()
    assert cluster.kubectl(*phase) == "Succeeded", said
    assert said[0] == str(build.USER)
    assert said[1].startswith("windlass ")


def test_the_dockerfile_makes_the_same() -> None:
    _, final = DOCKERFILE.split("\nFROM debian:bookworm-slim\n")
    packages = re.search(r"--no-install-recommends ([\w. +-]+?) &&", final)
    assert packages is not None
    assert packages[1].split() == list(build.PACKAGES)
    assert f"FROM debian:{build.SUITE}-slim AS build" in DOCKERFILE
    assert f"COPY --from=build /site {build.SITE}\n" in final
    assert f"USER {build.RUN['User']}\n" in final
    assert f"WORKDIR {build.HOME}\n" in final
    assert f"ENTRYPOINT {json.dumps(build.RUN['Entrypoint'])}\n" in final
    assert f"CMD {json.dumps(build.RUN['Cmd'])}\n" in final
    (environment,) = re.findall(r"^ENV (.*)$", final, re.MULTILINE)
    assert {*environment.split()} == {one for one in build.RUN["Env"] if not one.startswith("PATH=")}
