"""Secrets of an attempt on the real cluster: in one Secret of its own, which goes with its Job, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.canary import secret
from tests.executors.conftest import wait_until
from tests.executors.kubernetes_bench import TIMEOUT, Kube
from tests.slow.folders import contents

from windlass.executors.kubernetes.beginning import Beginning
from windlass.executors.kubernetes.naming import object_name
from windlass.kube.resources import CONFIG_MAPS, EVENTS, JOBS, PODS, SECRETS
from windlass.runs.model import LaunchPart

if TYPE_CHECKING:
    from windlass.runs.model import Launch

GO = "until [ -e /tmp/go ]; do sleep 0.05; done"
USE = f"""
echo "it is $TOKEN"
{GO}
echo "$AUTH still"
printf 'user:%s' "$TOKEN" | base64
echo "length=${{#TOKEN}}" >> "$WINDLASS_OUTPUT"
echo "said=$TOKEN" >> "$WINDLASS_OUTPUT"
"""


@pytest.fixture
def value() -> str:
    return secret("kubernetes.secrets")


def using(kube: Kube, value: str, script: str = USE, **fields: Any) -> Launch:
    return kube.launch(script, env={"TOKEN": value, "AUTH": f"Bearer {value}", "A": "b"}, masks=(value,), **fields)


def forms(value: str) -> list[str]:
    return [value, *(base64.b64encode(b"." * n + value.encode()).decode()[4:20] for n in range(3))]


def nowhere_but_in_its_secret(kube: Kube, value: str) -> dict[str, Any]:
    """The Secret."""
    for kind in (JOBS, PODS, EVENTS, CONFIG_MAPS):
        written = json.dumps(kube.list(kind))
        assert not any(form in written for form in forms(value)), kind
    holding = [one for one in kube.list(SECRETS) if any(form in json.dumps(one) for form in forms(value))]
    assert len(holding) == 1
    for pid in filter(str.isdigit, os.listdir("/proc")):  # the node's are this machine's
        try:
            assert value.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
    return holding[0]


def on_disk(kube: Kube, value: str) -> list[Path]:
    """Nothing of what a controller keeps."""
    kept = dict(contents(kube.data))
    assert kept
    return [path for path, data in kept.items() if any(form.encode() in data for form in forms(value))]


def test_values_are_in_one_secret_that_the_job_owns_and_go_with_it(kube: Kube, value: str) -> None:
    executor, launch = kube.executor(), using(kube, value)
    executor.start([launch])
    kube.seen.started(launch.key)
    secret, job = nowhere_but_in_its_secret(kube, value), kube.job()
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Job", job["metadata"]["uid"])
    assert secret["immutable"] is True
    environment = {one["name"]: one for one in kube.pod()["spec"]["containers"][0]["env"]}
    assert environment["TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
    assert environment["A"]["value"] == "b"
    kube.execute("step", ": > /tmp/go")
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert (ended.exit_code, ended.outputs) == (0, f"length={len(value)}\nsaid=***\n".encode())
    assert kube.log().startswith(b"it is ***\nBearer *** still\n")
    assert on_disk(kube, value) == []
    assert value in str(kube.pod()["status"]), "where the kubelet keeps outputs"
    executor.forget(launch.key)
    wait_until(lambda: not kube.list(SECRETS) and not kube.pods(), TIMEOUT)


def test_a_job_that_somebody_deletes_takes_its_secret_along(kube: Kube, value: str) -> None:
    executor, launch = kube.executor(), using(kube, value, GO)
    executor.start([launch])
    kube.seen.started(launch.key)
    kube.call(kube.client.delete(JOBS, object_name(launch.key), kube.namespace))
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert ended.cause == "pod-deleted"
    wait_until(lambda: not kube.list(SECRETS), TIMEOUT)
    assert on_disk(kube, value) == []


def test_a_kill_between_the_job_and_its_secret_leaves_no_orphan(
    kube: Kube, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(Beginning, "_give_secrets", killed)
        first, launch = kube.executor(), using(kube, value)
        first.start([launch])
        wait_until(lambda: kube.list(JOBS), TIMEOUT)
        first.close(kill=False)
    assert kube.list(SECRETS) == []
    second = kube.executor()
    second.adopt({launch.key: None})
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert (ended.exit_code, ended.cause) == (None, "config-missing")
    assert "secret" in (ended.message or "")
    second.forget(launch.key)
    assert kube.job()["spec"]["ttlSecondsAfterFinished"] == kube.terms.unread  # and then the cluster removes it
    assert kube.list(SECRETS) == []


def test_whoever_adopts_it_hides_them_too(kube: Kube, value: str) -> None:
    first, launch = kube.executor(), using(kube, value)
    first.start([launch])
    handle = kube.seen.started(launch.key).handle
    first.close(kill=False)
    executor = kube.executor()
    executor.adopt({launch.key: handle})
    kube.execute("step", ": > /tmp/go")
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert (ended.exit_code, ended.outputs) == (0, f"length={len(value)}\nsaid=***\n".encode())
    assert b"it is ***\nBearer *** still\n" in kube.log()
    assert on_disk(kube, value) == []
    executor.forget(launch.key)
    wait_until(lambda: not kube.list(SECRETS) and not kube.pods(), TIMEOUT)


def test_when_nobody_knows_any_more_what_to_hide_nothing_is_shown(kube: Kube, value: str) -> None:
    """The Secret was deleted behind our back, and the controller that knew its values is gone."""
    first, launch = kube.executor(), using(kube, value)
    first.start([launch])
    handle = kube.seen.started(launch.key).handle
    first.close(kill=False)
    kube.call(kube.client.delete(SECRETS, object_name(launch.key), kube.namespace))
    executor = kube.executor()
    executor.adopt({launch.key: handle})
    kube.execute("step", ": > /tmp/go")
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert (ended.exit_code, ended.outputs) == (0, b"")
    assert b"the Secret that says what must not show in it is gone" in kube.log()
    assert on_disk(kube, value) == []
    executor.forget(launch.key)
    wait_until(lambda: not kube.list(SECRETS) and not kube.pods(), TIMEOUT)


def test_parts_have_them_too(kube: Kube, value: str) -> None:
    parts = (
        LaunchPart('echo "first $TOKEN"; echo "B=$TOKEN!" >> "$WINDLASS_ENV"', "0", ("sh", "-e", "{script}")),
        LaunchPart(f'echo "then $B"; {GO}', "1", ("sh", "-e", "{script}"), env={"ITS": value}),
    )
    executor, launch = kube.executor(), using(kube, value, None, argv=(), parts=parts)
    executor.start([launch])
    kube.seen.started(launch.key)
    nowhere_but_in_its_secret(kube, value)
    kube.execute("step", ": > /tmp/go")
    ended = kube.seen.ended(launch.key, TIMEOUT)
    assert ended.exit_code == 0, ended
    assert kube.log() == b"first ***\nthen ***!\n"
    assert on_disk(kube, value) == []
