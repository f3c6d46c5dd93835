"""What a runner of this kind is made from, and the one place that every Pod spec passes last.

In: the runner's settings, the tenant's policy. Out: Terms; and `admitted`, called with the whole Job right before it is
sent.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass import __version__
from windlass.errors import WindlassError
from windlass.executors.kubernetes.pods import TOOLS
from windlass.kube.access import Place
from windlass.policies.completion import complete
from windlass.policies.pod_check import refusals
from windlass.policies.policy import OWN, Policy

if TYPE_CHECKING:
    from windlass.settings import RunnerSettings

HELPER = f"windlass:{__version__}"  # our own image, as the chart calls it
PENDING = 3600.0
KEEP = 600
UNREAD = 86_400
LOG_PATIENCE = 20.0
NODE_PATIENCE = 30.0


class PolicyError(WindlassError):
    """The Pod is not allowed; the text names the field and the policy."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`namespace` None: the context's. `image` is that of launches without one, `helper` that
    of the container which gives workspaces their tools (`workspace.py`). `pending`: seconds that an attempt may
    wait for its start. `keep`: seconds that its objects stay after its end has been recorded, `unread` before that.
    `node_patience`: seconds that a node has to say how a Pod ended which it was told to end. `policy`: what each Pod is
    checked by, last. `engine`: the image of the engine of `docker: true`, None: the usual one."""

    place: Place = field(default_factory=Place)
    namespace: str | None = None
    image: str | None = None
    helper: str = HELPER
    pending: float = PENDING
    keep: int = KEEP
    unread: int = UNREAD
    log_patience: float = LOG_PATIENCE
    node_patience: float = NODE_PATIENCE
    policy: Policy = OWN
    engine: str | None = None


def terms_of(runner: RunnerSettings, policy: Policy = OWN) -> Terms:
    kubeconfig = str(runner.kubeconfig) if runner.kubeconfig is not None else None
    return Terms(
        Place(kubeconfig, runner.context),
        runner.namespace,
        runner.image,
        runner.helper_image or os.environ.get("WINDLASS_IMAGE") or HELPER,
        policy=policy,
        engine=runner.docker_image,
    )


def admitted(job: dict[str, Any], terms: Terms, engine: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Job that is sent. Nothing may change its Pod after this (promise R37). `engine`: the container of
    `docker: true`, if the step has one. Raises PolicyError."""
    pod, policy = job["spec"]["template"], terms.policy
    if engine is not None and not policy.docker:
        raise PolicyError(f"docker: true is not allowed (policy {policy.name})")
    complete(pod, policy)
    if found := refusals(pod, policy, own=(job["metadata"]["name"],), engine=engine, ours={TOOLS: terms.helper}):
        said = "; ".join(f"{refusal.field}: {refusal.reason}" for refusal in found)
        raise PolicyError(f"{said} (policy {policy.name})")
    return job
