"""The policy of a tenant, and which one holds for whom.

In: what the server file says. Out: frozen `Policy` values and `policy_of`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from windlass.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.policies.quantity import Amount

PodSecurity = Literal["privileged", "baseline", "restricted"]
Network = Literal["none", "pod", "host"]
NETWORK_LABEL = "windlass.dev/network"  # NetworkPolicies of the chart select by it


@dataclass(frozen=True, slots=True)
class Tolerated:
    """A taint that pods may tolerate; `None`: any value, any effect."""

    key: str
    value: str | None = None
    effect: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the pods of some tenants may be. `None` for a list means: whatever there is.

    `runners`: those of other kinds than Kubernetes that tenants of a cluster may use; others may use any.
    `limits`: the most of each resource that one container may ask for, as amounts of the base unit.
    `injected`: containers that webhooks of the cluster may add, whatever they are.
    """

    name: str
    tenants: tuple[str, ...] = ("*",)
    pod_security: PodSecurity = "baseline"
    images: tuple[str, ...] | None = None
    digests: bool = False
    service_accounts: tuple[str, ...] | None = ("default",)
    runtime_classes: tuple[str, ...] | None = ()
    priority_classes: tuple[str, ...] | None = ()
    node_selectors: Mapping[str, tuple[str, ...]] | None = None
    tolerations: tuple[Tolerated, ...] | None = ()
    claims: tuple[str, ...] | None = None
    config_maps: tuple[str, ...] | None = None
    secrets: tuple[str, ...] | None = ()
    host_paths: tuple[str, ...] = ()
    privileged: bool = False
    docker: bool = False
    runners: tuple[str, ...] = ()
    network: Network = "pod"
    limits: Mapping[str, Amount] = field(default_factory=dict)
    limits_required: bool = False
    injected: tuple[str, ...] = ()


SAFE = Policy("default")
"""Holds for tenants that no policy of the server file names."""

OWN = Policy(
    "own",
    pod_security="privileged",
    service_accounts=None,
    runtime_classes=None,
    priority_classes=None,
    tolerations=None,
    secrets=None,
    privileged=True,
    docker=True,
    network="host",
)
"""Holds for `windlass run`: somebody's own credentials on a cluster, which has the say."""


def policy_of(tenant: str, policies: Sequence[Policy]) -> Policy:
    """The first that names the tenant."""
    return next((one for one in policies if any(matches(pattern, tenant) for pattern in one.tenants)), SAFE)
