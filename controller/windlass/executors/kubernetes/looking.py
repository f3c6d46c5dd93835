"""Whether a cluster can be used as a runner: what `windlass doctor` asks of it.

In: a runner's settings. Out: one line for people, or an error that names what is missing. Nothing is started: the
cluster is asked whether it would let us, for each thing that an attempt needs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from windlass.executors.kubernetes.terms import terms_of
from windlass.kube.client import Client, decode
from windlass.kube.errors import Forbidden, KubeError, NotFound
from windlass.kube.resources import EVENTS, JOBS, NAMESPACES, PODS, SECRETS, Resource

if TYPE_CHECKING:
    from windlass.settings import RunnerSettings

REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False)
# What an attempt needs, and nothing else: verb, resource, subresource.
NEEDED: tuple[tuple[str, Resource, str], ...] = (
    ("create", JOBS, ""),
    ("get", JOBS, ""),
    ("patch", JOBS, ""),
    ("delete", JOBS, ""),
    ("get", PODS, ""),
    ("list", PODS, ""),
    ("watch", PODS, ""),
    ("delete", PODS, ""),
    ("get", PODS, "log"),
    ("get", PODS, "exec"),
    ("create", PODS, "exec"),
    ("create", SECRETS, ""),
    ("get", SECRETS, ""),
    ("list", EVENTS, ""),
)


def look(runner: RunnerSettings) -> str:
    """Raises KubeError."""
    return asyncio.run(_look(runner))


async def _look(runner: RunnerSettings) -> str:
    terms = terms_of(runner)
    client = Client(terms.place, timeout=10.0)
    try:
        access = await client.access()
        namespace = terms.namespace or access.namespace
        version = decode(await client.request("GET", "/version"), dict[str, str | bool])
        refused = [what for what in NEEDED if not await _may(client, namespace, *what)]
        if refused:
            words = ", ".join(f"{verb} {one.plural}{f'/{sub}' if sub else ''}" for verb, one, sub in refused)
            raise KubeError(f"{access.server}: this user may not {words} in the namespace {namespace}")
        await _is_there(client, namespace)
        return f"Kubernetes {version.get('gitVersion', '?')} at {access.server}, namespace {namespace}"
    finally:
        await client.close()


async def _may(client: Client, namespace: str, verb: str, resource: Resource, subresource: str) -> bool:
    asked = {"namespace": namespace, "verb": verb, "group": resource.group, "resource": resource.plural}
    if subresource:
        asked["subresource"] = subresource
    body = {
        "apiVersion": REVIEWS.api_version,
        "kind": REVIEWS.kind,
        "spec": {"resourceAttributes": asked},
    }
    return bool((await client.create(REVIEWS, body)).get("status", {}).get("allowed"))


async def _is_there(client: Client, namespace: str) -> None:
    """Who may not look at namespaces is not told."""
    try:
        await client.get(NAMESPACES, namespace)
    except NotFound as error:
        raise KubeError(f"there is no namespace {namespace}") from error
    except Forbidden:
        return
