"""The working directory of a step in its Pod, on the real cluster: filled before it, emptied after it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import secret
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import Kube

from windlass.executors.kubernetes import filling
from windlass.executors.kubernetes.emptying import wanted_paths
from windlass.executors.workspace.action_files import ActionFiles
from windlass.executors.workspace.step_files import StepFiles
from windlass.kube.resources import CONFIG_MAPS, JOBS, NAMESPACES, PODS, SECRETS
from windlass.policies.policy import Policy
from windlass.runs.beside import LaunchService
from windlass.runs.model import Ended, Launch, LaunchFile, LaunchPart, Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.executors.workspace.pieces import Place

SECRET = secret("kubernetes.workspace")
ENFORCE = {"pod-security.kubernetes.io/enforce": "restricted"}


class Lay:
    """A preparation: files in the working directory, as a checkout lays them."""

    cause = "checkout-failed"
    verb = "laying files"

    def __init__(self, **files: str) -> None:
        self._files = files

    def wants(self, launch: Launch) -> bool:
        return bool(self._files)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        place.work.mkdir(mode=0o700, exist_ok=True)
        for name, text in self._files.items():
            path = place.work / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return launch


class Keep:
    """A collection: the names of the files that the program left, and their text."""

    name = "keep"

    def owes(self, launch: Launch) -> Mapping[str, Any]:
        return {}

    def collect(self, owed: Mapping[str, Any], place: Place, ended: Ended) -> Mapping[str, Any]:
        return {path.name: path.read_text() for path in sorted(place.work.iterdir()) if path.is_file()}


def ran(
    kube: Kube, script: str | None, *, lay: Mapping[str, str] | None = None, keep: bool = False, **fields: Any
) -> Ended:
    """With the pieces that a server has, to its end."""
    workspace = kube.workspace(
        preparations=[Lay(**(lay or {})), StepFiles(), ActionFiles()], collections=[Keep()] if keep else []
    )
    launch = kube.launch(script, **fields)
    workspace.start([launch])
    ended = kube.seen.ended(launch.key)
    workspace.close(kill=True)
    return ended


def test_files_a_checkout_and_a_working_directory(kube: Kube) -> None:
    files = (LaunchFile("given.txt", "given", 0o640), LaunchFile("~/.token", "mine", 0o400))
    script = 'pwd; cat one.txt ../top.txt "$HOME/.token"; stat -c "%a %u" ../given.txt ~/.token; cat "$WINDLASS_INPUTS"'
    lay = {"sub__one.txt": "one\n", "top.txt": "top\n"}
    ended = ran(kube, script, lay=lay, files=files, working_directory="sub", inputs='{"a":1}')
    assert kube.log() == b'/windlass/work/sub\none\ntop\nmine640 0\n400 0\n{"a":1}'
    assert (ended.exit_code, ended.cause) == (0, None)
    names = [one["name"] for one in kube.pod()["spec"]["initContainers"]]
    assert names == ["windlass-tools", "windlass-fill"]


def test_a_step_without_any_of_it_has_one_container(kube: Kube) -> None:
    assert ran(kube, "true").exit_code == 0
    assert "initContainers" not in kube.pod()["spec"]
    assert "volumes" not in kube.pod()["spec"]


@pytest.mark.parametrize("user", [1000, 65534])
def test_whoever_runs_it_owns_what_it_finds(kube: Kube, user: int) -> None:
    files = (LaunchFile("~/.key", "key", 0o600),)
    script = 'stat -c "%u %a" . one.txt ~/.key; echo more >> one.txt; rm ~/.key; touch ~/new new; mkdir deep'
    pod = {"securityContext": {"runAsUser": user, "runAsNonRoot": True}}
    ended = ran(kube, script, lay={"one.txt": "one\n"}, files=files, pod=pod)
    assert kube.log() == b"%d 700\n%d 644\n%d 600\n" % (user, user, user)
    assert ended.exit_code == 0


def test_secrets_stand_in_memory_alone(kube: Kube) -> None:
    files = (LaunchFile("~/.netrc", f"password {SECRET}\n", 0o400), LaunchFile("plain.txt", "plain\n"))
    script = (
        'cat ~/.netrc plain.txt; stat -L -c "%a %u" ~/.netrc; df -P "$(readlink -f ~/.netrc)" | tail -1 | cut -d" " -f1'
    )
    ended = ran(kube, script, files=files, masks=(SECRET,))
    assert kube.log() == b"password ***\nplain\n400 0\ntmpfs\n"
    assert ended.exit_code == 0
    for resource in (PODS, JOBS, CONFIG_MAPS):
        assert SECRET not in str(kube.list(resource))
    held = [base64.b64decode(text).decode() for one in kube.list(SECRETS) for text in one.get("data", {}).values()]
    assert f"password {SECRET}" not in "".join(held)  # the list of what must not show is all that is there
    executor = kube.executor()
    here = executor.working_directory(kube.key()).parent / "home/.netrc"
    assert here.is_symlink(), "what is brought stands on the controller's disk"
    executor.forget(kube.key())
    assert not here.exists()


def test_an_action_finds_its_files_beside_its_script(kube: Kube) -> None:
    action = {
        "lib/greet.sh": {"text": "echo greeted\n"},
        "tool": {"text": "#!/bin/sh\necho tool\n", "executable": True},
    }
    script = 'cd "$(dirname "$0")"; . ./lib/greet.sh; ./tool; pwd'
    ended = ran(kube, script, action_files=action, script_name="action/main.sh")
    assert kube.log() == b"greeted\ntool\n/windlass/action\n"
    assert ended.exit_code == 0


def test_parts_share_what_was_brought(kube: Kube) -> None:
    scripts = ('cat one.txt; echo A=handed > "$WINDLASS_ENV"', 'echo "$A"; pwd; echo x=1 >> "$WINDLASS_OUTPUT"')
    parts = tuple(LaunchPart(text, f"{n}", ("sh", "-e", "{script}")) for n, text in enumerate(scripts))
    ended = ran(kube, None, lay={"sub__one.txt": "one\n"}, argv=(), parts=parts, working_directory="sub")
    assert kube.log() == b"one\nhanded\n/windlass/work/sub\n"
    assert (ended.exit_code, ended.outputs) == (0, b"x=1\n")


def test_what_is_left_is_collected(kube: Kube) -> None:
    script = "cat given.txt; echo made > made.txt; ln -s /etc/passwd leak; rm given.txt; exit 3"
    ended = ran(kube, script, lay={"given.txt": "given\n"}, keep=True)
    assert (ended.exit_code, ended.detail) == (3, {"made.txt": "made\n"})


def test_outputs_that_no_kubelet_would_hand_over(kube: Kube) -> None:
    script = 'head -c 200000 /dev/zero | tr "\\0" x > "$WINDLASS_OUTPUT"'
    ended = ran(kube, script, output_limit=300_000)
    assert ended.outputs == b"x" * 200_000
    assert len(ran(kube, script, step="more", output_limit=100_000).outputs) == 100_001


def test_a_large_tree_of_odd_names(kube: Kube) -> None:
    lay = {f"deep__{'d' * 120}__{'e' * 120}.txt": "long\n", "ünï code.txt": "odd\n", "-rf": "dash\n"}
    lay |= {f"many__{number}": "x" * 20_000 for number in range(300)}
    script = (
        f"cat deep/{'d' * 120}/{'e' * 120}.txt 'ünï code.txt' ./-rf; ls many | wc -l; du -s many | cut -f1 | grep -q 6"
    )
    assert ran(kube, script, lay=lay).exit_code == 0
    assert kube.log() == b"long\nodd\ndash\n300\n"


@pytest.mark.parametrize("knows", [True, False])
def test_killed_while_it_fills(kube: Kube, monkeypatch: pytest.MonkeyPatch, knows: bool) -> None:
    """The next controller brings the files again, if they are on its disk; else it says so, and nothing has run."""
    held = threading.Event()

    async def never(*_: Any) -> None:
        held.set()
        await asyncio.sleep(1000)

    with monkeypatch.context() as broken:
        broken.setattr(filling, "_unpack", never)
        first = kube.workspace(preparations=[Lay(**{"one.txt": "one\n"})])
        launch = kube.launch("cat one.txt")
        first.start([launch])
        assert held.wait(60)
        first.close(kill=False)
    if not knows:
        (kube.executors[-1].working_directory(launch.key).parent / filling.RECIPE).unlink()
    second = kube.workspace()
    second.adopt({launch.key: None})
    ended = kube.seen.ended(launch.key)
    second.close(kill=True)
    if knows:
        assert (ended.exit_code, kube.log()) == (0, b"one\n")
    else:
        assert (ended.exit_code, ended.cause) == (None, "workspace-unfilled")
        assert not kube.seen.of(launch.key)[:-1]


def test_a_stream_that_breaks_is_not_taken_for_a_whole_one(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, times = filling._chunks, []

    async def half(file: Any) -> Any:
        times.append(1)
        async for chunk in whole(file):
            yield chunk[:1024] if len(times) == 1 else chunk
            if len(times) == 1:
                return

    monkeypatch.setattr(filling, "_chunks", half)
    ended = ran(kube, "cat one.txt two.txt", lay={"one.txt": "one\n", "two.txt": "two\n"})
    assert (ended.exit_code, kube.log(), len(times)) == (0, b"one\ntwo\n", 2)


def test_a_stop_while_it_waits_to_be_filled(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()

    async def never(*_: Any) -> None:
        held.set()
        await asyncio.sleep(1000)

    monkeypatch.setattr(filling, "_unpack", never)
    workspace = kube.workspace(preparations=[Lay(**{"one.txt": "one\n"})])
    launch = kube.launch("true")
    workspace.start([launch])
    assert held.wait(60)
    workspace.stop(Stop(launch.key, 0))
    ended = kube.seen.ended(launch.key)
    workspace.close(kill=True)
    assert (ended.exit_code, ended.cause) == (None, None)


@pytest.mark.parametrize("when", ["runs", "over"])
def test_another_controller_collects(kube: Kube, when: str) -> None:
    """One that has nothing on its disk, as after a node's end."""
    first = kube.workspace(collections=[Keep()])
    launch = kube.launch(
        'until [ -e /tmp/go ]; do sleep 0.1; done; echo made > made.txt; echo n=1 > "$WINDLASS_OUTPUT"'
    )
    first.start([launch])
    handle = kube.seen.started(launch.key).handle
    first.close(kill=False)
    if when == "over":
        kube.execute("step", ": > /tmp/go")
    kube.data = kube.data.with_name("other")
    second = kube.workspace(collections=[Keep()])
    second.adopt({launch.key: handle})
    if when == "runs":
        kube.execute("step", ": > /tmp/go")
    ended = kube.seen.ended(launch.key)
    assert (ended.exit_code, ended.outputs, ended.detail) == (0, b"n=1\n", {"made.txt": "made\n"})
    second.close(kill=True)
    wait_until(lambda: kube.pod()["status"]["phase"] == "Succeeded")


def test_what_waits_is_let_go_soon_after_the_end_was_told(kube: Kube) -> None:
    workspace = kube.workspace(collections=[Keep()])
    launch = kube.launch("true")
    workspace.start([launch])
    kube.seen.ended(launch.key)
    wait_until(lambda: kube.pod()["status"]["phase"] == "Succeeded")
    workspace.close(kill=True)
    assert os.listdir(kube.data)


RESTRICTED = Policy("strict", pod_security="restricted", images=("windlass.test/shell:*",), service_accounts=None)


def test_a_policy_that_demands_restricted_takes_it(kube: Kube) -> None:
    """The namespace enforces it, too; the helper's image is the operator's choice, not the tenant's."""
    kube.call(kube.client.patch(NAMESPACES, kube.namespace, {"metadata": {"labels": ENFORCE}}))
    kube.terms = replace(kube.terms, policy=RESTRICTED, helper="windlass.test/python:1")
    pod = {"securityContext": {"runAsUser": 1000}}
    # Asked for little: the node has two processors for all tests, and a limit alone would ask for as much.
    bounds = {"requests": {"cpu": "10m"}, "limits": {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "50Mi"}}
    script = 'cat one.txt; id -u; echo n=1 > "$WINDLASS_OUTPUT"'
    fields = {"pod": pod, "resources": bounds, "output_limit": 9000}
    ended = ran(kube, script, lay={"one.txt": "one\n"}, keep=True, **fields)
    assert (ended.exit_code, ended.outputs, kube.log()) == (0, b"n=1\n", b"one\n1000\n"), ended
    spec = kube.pod()["spec"]
    assert {"name": "windlass", "emptyDir": {"sizeLimit": "50Mi"}} in spec["volumes"]
    assert all(one["resources"]["limits"].keys() == bounds["limits"].keys() for one in spec["initContainers"])
    refused = ran(kube, "true", step="other", lay={"one.txt": "one\n"}, image="windlass.test/python:1", pod=pod)
    assert refused.cause == "policy"
    assert "containers[0].image" in (refused.message or "")


def test_a_helper_image_that_no_node_can_have_is_called_so(kube: Kube) -> None:
    kube.terms = replace(kube.terms, helper="UPPER//x")
    ended = ran(kube, "true", lay={"one.txt": "one\n"})
    assert ended.cause == "image-pull"
    assert (ended.message or "").startswith("helperImage of the runner: ")


def test_a_service_ends_before_what_is_fetched(kube: Kube) -> None:
    service = LaunchService("web", "windlass.test/shell:1", argv=("sh", "-c", "echo served; exec sleep 1000"))
    ended = ran(kube, "echo made > made.txt", keep=True, services=(service,))
    assert (ended.exit_code, ended.detail) == (0, {"made.txt": "made\n"})


def test_only_what_is_named_is_fetched() -> None:
    saves = {"a": ["out/x.txt", "out/deep/*.xml", "!out/no"], "b": ["**/*.log"], "c": ["../leaves", "/odd\nname"]}
    assert wanted_paths({"artifacts": {"saves": saves, "files": {}}}, b"", good=True) == {"work"}
    saves = {"a": ["out/x.txt", "out/deep/*.xml", "out/deep/one"], "c": ["../leaves"]}
    owed = {
        "artifacts": {"saves": saves, "files": {"big": None, "gone": None}},
        "cache": {"paths": ["~/.m2", "vendor"]},
    }
    found = wanted_paths(owed, b"big=./app/big.bin\n", good=True)
    assert found == {"work/out/x.txt", "work/out/deep", "work/app/big.bin", "home/.m2", "work/vendor"}
    assert not {"home/.m2", "work/vendor"} & wanted_paths(owed, b"", good=False)


def test_a_pod_tells_nobody_whose_cache_it_is() -> None:
    owed = {"cache": {"repository": "shop", "key": "k", "paths": ["v"]}, "artifacts": {"saves": {}, "files": {}}}
    assert json.loads(filling.noted(json.dumps(owed).encode())) == {"artifacts": {"saves": {}, "files": {}}}
