"""Where the cluster is and who we are: kubeconfigs, plugins, tokens, service accounts."""

from __future__ import annotations

import json
import logging
import stat
from typing import TYPE_CHECKING

import pytest
from tests.kube.conftest import kubeconfig, pod

from windlass.kube import access
from windlass.kube.access import Place, load
from windlass.kube.client import Client
from windlass.kube.errors import AccessError
from windlass.kube.resources import PODS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kube.conftest import Recorded

    from windlass.kube.thread import LoopThread

SERVER = "https://203.0.113.1:6443"


def test_the_current_context_or_a_named_one(tmp_path: Path) -> None:
    path = str(kubeconfig(tmp_path, SERVER))
    found = load(Place(path))
    assert (found.server, found.namespace) == (SERVER, "team")
    assert load(Place(context="plain"), {"KUBECONFIG": path}).namespace == "default"


def test_an_unknown_context_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="has no context 'prod'; it has: here, plain"):
        load(Place(str(kubeconfig(tmp_path, SERVER)), "prod"))


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\0", "clusters: 7\n", "apiVersion: v1\nkind: Config\n"])
def test_a_kubeconfig_that_is_none_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(AccessError) as raised:
        load(Place(str(path)))
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_kubeconfig_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="nowhere"):
        load(Place(str(tmp_path / "nowhere")))


def test_a_token(tmp_path: Path) -> None:
    found = load(Place(str(kubeconfig(tmp_path, SERVER, {"token": "abc"}))))
    assert found.authorization() == {"Authorization": "Bearer abc"}


def _plugin(folder: Path, script: str) -> dict[str, object]:
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    }


def test_a_plugin_gives_the_token(tmp_path: Path) -> None:
    said = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "fromplugin"},
    }
    found = load(Place(str(kubeconfig(tmp_path, SERVER, _plugin(tmp_path, f"echo '{json.dumps(said)}'")))))
    assert found.authorization() == {"Authorization": "Bearer fromplugin"}


def test_a_plugin_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, SERVER, _plugin(tmp_path, "echo please log in >&2; exit 3"))
    with pytest.raises(AccessError, match="please log in"):
        load(Place(str(path)))
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, access._Said)]


def test_credentials_that_are_refused_are_read_anew(api: Recorded, loop: LoopThread, tmp_path: Path) -> None:
    server = f"http://127.0.0.1:{api.port}"
    client = Client(Place(str(kubeconfig(tmp_path, server, {"token": "old"}))))
    api.say(pod("x", "1"))
    loop.call(client.get(PODS, "x", "n"))
    kubeconfig(tmp_path, server, {"token": "new"})
    api.refuse(401, "Unauthorized")
    api.say(pod("x", "1"))
    loop.call(client.get(PODS, "x", "n"))
    assert [asked.headers["authorization"] for asked in api.asked] == ["Bearer old", "Bearer old", "Bearer new"]
    loop.call(client.close())


def test_inside_of_a_pod_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.config import incluster_config

    authority = tmp_path / "ca.crt"
    authority.write_text(_certificate())
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "namespace").write_text("tenant")
    monkeypatch.setattr(access, "_ACCOUNT", tmp_path)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))
    environment = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = load(Place(), environment)
    assert (found.server, found.namespace) == ("https://10.96.0.1:443", "tenant")
    assert found.authorization() == {"Authorization": "bearer first"}


def _certificate() -> str:
    import ssl

    return ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0])
