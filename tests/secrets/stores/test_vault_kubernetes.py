"""Vault's Kubernetes login: a real OpenBao asks the TokenReview of the real cluster about the token of a pod."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from tests.canary import secret
from tests.secrets.stores.conftest import READ_ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.cluster.cluster import Cluster
    from tests.openbao import OpenBao
    from tests.secrets.stores.conftest import Asked

    Vault = Callable[..., Asked]

VALUE = secret("vault.kubernetes")
REFERENCE = "ref+vault://secret/of-pods#/password"


@pytest.fixture
def mounted(cluster: Cluster, namespace: str, bao: OpenBao) -> Iterator[str]:
    """Where the login is: OpenBao asks the cluster as an account that may review tokens and nothing else."""
    path, binding = f"pods-{uuid.uuid4().hex[:8]}", f"reviewer-{namespace}"
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "reviewer")
    account = f"--serviceaccount={namespace}:reviewer"
    cluster.kubectl("create", "clusterrolebinding", binding, "--clusterrole=system:auth-delegator", account)
    try:
        plane = cluster.control_plane
        bao.write(f"sys/auth/{path}", {"type": "kubernetes"})
        config = {
            "kubernetes_host": plane.server,
            "kubernetes_ca_cert": (plane.folder / "pki" / "ca.crt").read_text(),
            "token_reviewer_jwt": cluster.kubectl("-n", namespace, "create", "token", "reviewer").strip(),
        }
        bao.write(f"auth/{path}/config", config)
        bao.write("sys/policies/acl/reader", {"policy": READ_ALL})
        names = {"bound_service_account_names": "ci", "bound_service_account_namespaces": namespace}
        bao.write(f"auth/{path}/role/shop", {**names, "token_policies": ["reader"], "audience": "vault"})
        bao.write("secret/data/of-pods", {"data": {"password": VALUE}})
        yield path
    finally:
        cluster.kubectl("delete", "clusterrolebinding", binding)


def test_the_token_of_a_pod_is_reviewed_by_its_cluster(
    cluster: Cluster, namespace: str, vault: Vault, bao: OpenBao, mounted: str
) -> None:
    options = {"auth": "kubernetes", "authPath": mounted, "role": "shop"}
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "ci")

    def token(account: str, audience: str = "vault") -> str:
        return cluster.kubectl("-n", namespace, "create", "token", account, f"--audience={audience}").strip()

    def asked(jwt: str) -> Asked:
        return vault(options, jwt=jwt, ca=bao.ca)

    good = token("ci")
    assert asked(good).value(REFERENCE) == VALUE
    head, claims, signature = good.split(".")
    for other in (
        token("default"),  # another account
        token("ci", "somebody-else"),  # for another audience
        f"{head}.{claims}.{signature[:-8]}AAAAAAAA",
    ):
        cause, message = asked(other).refusal(REFERENCE)
        assert (cause, other in message) == ("secret-denied", False), message
