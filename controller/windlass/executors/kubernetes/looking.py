"""Whether a cluster can be used as a runner: what `windlass doctor` asks of it, and `windlass run` before it begins.

In: a runner's settings. Out: one line for people, or an error that names what is missing. Nothing is started: the
cluster is asked whether it would let us, for each thing that an attempt needs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from windlass.errors import ServerUnreachableError, UsageError
from windlass.executors.kubernetes.terms import terms_of
from windlass.kube.client import Client, decode
from windlass.kube.errors import AccessError, Forbidden, KubeError, NotFound, Unauthorized, Unavailable, Unreachable
from windlass.kube.resources import EVENTS, JOBS, NAMESPACES, PODS, SECRETS, Resource

if TYPE_CHECKING:
    from windlass.settings import RunnerSettings

_HOW = "KUBECONFIG, or ~/.kube/config, and --context say which cluster; kubectl config get-contexts lists them"
TIMEOUT = 10.0  # seconds for an answer
REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False)
# What an attempt needs, and nothing else: verb, resource, subresource.
NEEDED: tuple[tuple[str, Resource, str], ...] = (
    ("create", JOBS, ""),
    ("get", JOBS, ""),
    ("list", JOBS, ""),
    ("patch", JOBS, ""),
    ("delete", JOBS, ""),
    ("deletecollection", JOBS, ""),
    ("get", PODS, ""),
    ("list", PODS, ""),
    ("watch", PODS, ""),
    ("delete", PODS, ""),
    ("get", PODS, "log"),
    ("get", PODS, "exec"),
    ("create", PODS, "exec"),
    ("create", SECRETS, ""),
    ("get", SECRETS, ""),
    ("delete", SECRETS, ""),
    ("list", EVENTS, ""),
    ("watch", EVENTS, ""),
)


def look(runner: RunnerSettings) -> str:
    """Raises KubeError."""
    return asyncio.run(_look(runner))


def require(runner: RunnerSettings) -> None:
    """For whoever is about to use it. Raises UsageError with a hint, and ServerUnreachableError."""
    which = f"--context {runner.context} " if runner.context else ""
    try:
        look(runner)
    except AccessError as error:
        raise UsageError(str(error), _HOW) from error
    except (Unreachable, Unavailable) as error:
        raise ServerUnreachableError(str(error), f"does kubectl {which}version reach it?") from error
    except Unauthorized as error:
        hint = f"log in to it again; kubectl {which}auth whoami must answer"
        raise UsageError(f"the cluster does not accept who asks: {error}", hint) from error
    except _Missing as error:
        raise UsageError(str(error), error.hint) from error
    except KubeError as error:
        raise UsageError(f"the cluster cannot be used: {error}") from error


class _Missing(KubeError):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


async def _look(runner: RunnerSettings) -> str:
    terms = terms_of(runner)
    client = Client(terms.place, timeout=TIMEOUT)
    try:
        access = await client.access()
        namespace = terms.namespace or access.namespace
        version = decode(await client.request("GET", "/version"), dict[str, str | bool])
        await _is_there(client, namespace, access.server)
        allowed = await asyncio.gather(*(_may(client, namespace, *what) for what in NEEDED))
        if not all(allowed):
            refused = (what for what, may in zip(NEEDED, allowed, strict=True) if not may)
            words = ", ".join(f"{verb} {one.plural}{f'/{sub}' if sub else ''}" for verb, one, sub in refused)
            message = f"{access.server}: this user may not {words} in the namespace {namespace}"
            raise _Missing(message, "a Role with these verbs is what a runner needs; --namespace names another place")
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


async def _is_there(client: Client, namespace: str, server: str) -> None:
    """Who may not look at namespaces is not told."""
    try:
        await client.get(NAMESPACES, namespace)
    except NotFound as error:
        hint = f"kubectl create namespace {namespace}, or name another by --namespace or in the context"
        raise _Missing(f"{server}: there is no namespace {namespace}", hint) from error
    except Forbidden:
        return
