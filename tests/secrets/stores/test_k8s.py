"""References to a cluster's Secrets, against a real one: those of the own namespace, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.canary import secret, typed

from windlass.secrets.base import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scripts.cluster.cluster import Cluster
    from tests.secrets.stores.conftest import Asked, Stores

    Kube = Callable[..., Asked]

VALUE = secret("k8s")


@pytest.fixture
def kube(cluster: Cluster, namespace: str, stores: Stores) -> Kube:
    """A store for the namespace of the test, with a token of an account that may read all Secrets of the cluster."""
    literals = [typed(f"--from-literal=password={VALUE}"), '--from-literal=json={"a": {"b": "of-a-b-"}}']
    cluster.kubectl("-n", namespace, "create", "secret", "generic", "ci", *literals)
    cluster.kubectl("-n", namespace, "create", "configmap", "plain", "--from-literal=host=db.example.com")
    config = cluster.kubeconfig.read_text()

    def made(options: Mapping[str, str] | None = None, tenant: str | None = None) -> Asked:
        given = {"namespace": namespace} if options is None else options
        store = stores.store("k8s", None, given, kubeconfig=config)
        return stores.asked(store, origin=Origin("shop", "c" * 40, tenant=tenant))

    return made


def test_an_entry_of_the_own_namespace(kube: Kube, namespace: str) -> None:
    asked = kube()
    for reference in (f"v1/Secret/{namespace}/ci/password", f"v1/Secret/{namespace}/ci#/password"):
        assert asked.value(f"ref+k8s://{reference}") == VALUE
    assert asked.value(f"ref+k8s://v1/Secret/{namespace}/ci/json#/a/b") == "of-a-b-"
    assert asked.value(f"ref+k8s://v1/ConfigMap/{namespace}/plain/host") == "db.example.com"
    assert kube({}, tenant=namespace).value(f"ref+k8s://v1/Secret/{namespace}/ci/password") == VALUE


@pytest.mark.parametrize(
    ("reference", "cause"),
    [
        ("v1/Secret/HERE/none/password", "secret-not-found"),
        ("v1/Secret/HERE/ci/none", "secret-not-found"),
        ("v1/Secret/kube-system/ci/password", "secret-denied"),
        ("v1/Secret/HERE/ci/password?kubeContext=admin", "secret-denied"),
        ("v1/Secret/HERE/ci/password?inCluster", "secret-denied"),
        ("v1/Secret/HERE/ci", "secret-failed"),
        ("v1/Pod/HERE/ci/password", "secret-failed"),
        ("apps/v1/HERE/ci/password", "secret-failed"),
        ("v1/Secret/HERE/..%2f..%2fkube-system/ci/password", "secret-denied"),
        ("v1/Secret/HERE/ci%2f..%2fx/password", "secret-denied"),
        ("v1/Secret/HERE/c%20i/password", "secret-denied"),
        ("v1/Secret/HERE/CI/password", "secret-failed"),
    ],
)
def test_what_there_is_not(kube: Kube, namespace: str, reference: str, cause: str) -> None:
    found, message = kube().refusal(f"ref+k8s://{reference.replace('HERE', namespace)}")
    assert (found, VALUE in message) == (cause, False), message


def test_whose_namespace_nobody_said(kube: Kube, namespace: str) -> None:
    assert kube({}).cause(f"ref+k8s://v1/Secret/{namespace}/ci/password") == "secret-denied"
    assert kube({}, tenant="retail").cause(f"ref+k8s://v1/Secret/{namespace}/ci/password") == "secret-denied"


def test_a_token_with_an_address(cluster: Cluster, namespace: str, kube: Kube, stores: Stores) -> None:
    """The API server of a store may be written out; what the account may not read is refused by the cluster."""
    plane = cluster.control_plane
    ca = (plane.folder / "pki" / "ca.crt").read_text()
    token = cluster.kubectl("-n", namespace, "create", "token", "default").strip()
    store = stores.store("k8s", plane.server, {"namespace": namespace}, token=token, ca=ca)
    reference = f"ref+k8s://v1/Secret/{namespace}/ci/password"
    assert stores.asked(store).cause(reference) == "secret-denied"
    cluster.kubectl("-n", namespace, "create", "role", "reader", "--verb=get", "--resource=secrets")
    account = f"--serviceaccount={namespace}:default"
    cluster.kubectl("-n", namespace, "create", "rolebinding", "reader", "--role=reader", account)
    assert stores.asked(store).value(reference) == VALUE


def test_a_kubeconfig_that_is_none(stores: Stores) -> None:
    store = stores.store("k8s", None, {"namespace": "a"}, kubeconfig="no kubeconfig")
    assert stores.asked(store).cause("ref+k8s://v1/Secret/a/ci/password") == "secret-failed"
