"""What the chart's Role lists is what the controller uses: nothing is missing, and nothing is never used.

The API server of a cluster of this file's own writes down who asked for what; its nodes are KWOK's. Tests of the runner
and of the operator run with an account that has the Role and nothing else as well, on nodes that are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from scripts.cluster import fakes
from tests import rights
from tests.slow.definitions import install
from tests.slow.processes import end, marked
from tests.slow.served_tenant import Served, served
from tests.slow.tenant import run_of
from tests.slow.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.cluster.control_plane import ControlPlane
    from tests.slow.home import Home

# What the story below does not come to, each with what needs it.
SELDOM = {
    ("delete", "batch/jobs"): "a Job that has no Pod yet, or must not get another one",
    ("get", "batch/jobs"): "a Job whose Pod does not come, and one that was there already",
    ("get", "pods"): "a Pod that the watch says is gone",
    ("get", "events"): "the same Event again, which counts up",
    ("patch", "events"): "the same Event again, which counts up",
    ("list", "events"): "why a Pod or its Job waits",
    ("watch", "events"): "why a Pod or its Job waits",
    ("list", "batch/jobs"): "many attempts that are looked for at once, as after a restart",
    ("deletecollection", "batch/jobs"): "the Jobs of runs that ended a while ago",
    ("patch", "batch/jobs"): "the end of a runner that nobody asks for its Jobs any more",
    ("get", "pods/exec"): "files into and out of a Pod, on clusters of today",
    ("create", "pods/exec"): "files into and out of a Pod, on clusters of tomorrow",
    ("get", "windlass.dev/workflows"): "a picture that was there already",
    ("get", "namespaces"): "an object that went: was it deleted, or its whole namespace?",
}
NODES = {"nodeSelector": fakes.SELECTOR, "tolerations": fakes.TOLERATIONS}
ENDS = yaml.safe_dump(
    {
        "inputs": {"key": {"type": "secret", "required": False}},
        "steps": {
            "end": {
                "runner": "kubernetes",
                "image": "x/ends:1",
                "pod": NODES,
                "env": {"KEY": "${{ inputs.key }}"},
                "run": "true",
            }
        },
    }
)
STAYS = yaml.safe_dump(
    {"steps": {"stay": {"runner": "kubernetes", "image": "x/forever:1", "pod": NODES, "run": "true"}}}
)


@pytest.fixture(scope="module")
def shop(fake_cluster: ControlPlane, module_home: Home) -> Iterator[Served]:
    from tests.cluster import namespace_in

    install(fake_cluster)
    with namespace_in(fake_cluster, "shop") as namespace, served(fake_cluster, namespace, module_home) as found:
        found.server.start()
        yield found
    end(marked(f"{module_home.folder}/"))


def test_the_role_lists_what_is_used(shop: Served, fake_cluster: ControlPlane) -> None:
    repo = shop.repo("shop")
    repo.commit({"windlass.yaml": "apiVersion: windlass.dev/v1\nkind: Repository\n"})
    repo.add("ends", ENDS)
    repo.add("stays", STAYS)
    shop.serve(repo)
    library = {"git": shop.git.url(repo.name), "interval": "1s", "auth": {"secretRef": {"name": "git"}}}
    shop.apply({"apiVersion": "windlass.dev/v1", "kind": "ActionLibrary", "metadata": {"name": "lib"}, "spec": library})
    ended = shop.server.ended(shop.server.begin(shop.name(repo), "ends", inputs={"key": "of-the-house"}), 60)
    assert ended["status"] == "succeeded", (ended["cause"], ended["message"])
    stays = shop.create(run_of(repo.name, "stays"))
    until(lambda: shop.get("wlrun", stays).get("status", {}).get("phase") == "Running", pause=0.1)
    until(lambda: "Running" in shop.kubectl("get", "pods"), pause=0.1)
    shop.kubectl("delete", "wlrun", stays)
    gone = shop.create(run_of(repo.name, "ends", ttlSecondsAfterFinished=1))
    until(lambda: gone not in shop.names("wlrun"), 30, pause=0.2)
    shop.kubectl("patch", "wlwf", "shop.ends", "--type=merge", "-p", '{"spec": {"workflow": "other"}}')
    until(lambda: shop.get("wlwf", "shop.ends")["spec"]["workflow"] == "ends", pause=0.1)
    shop.kubectl("delete", "wllib", "lib")
    shop.kubectl("delete", "wlrepo", repo.name)
    until(lambda: not shop.names("wlwf"), pause=0.2)
    user = f"system:serviceaccount:{shop.namespace}:{rights.NAME}"
    listed = rights.listed(yaml.safe_load(rights.RULES.read_text()))
    given, refused = rights.used(fake_cluster.audit, user, shop.namespace)
    assert refused == set()
    assert given <= listed
    assert set(SELDOM) <= listed
    unused = listed - given - set(SELDOM)
    assert not unused, f"nobody asks for {sorted(unused)}"
