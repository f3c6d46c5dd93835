"""`policies:` of the server file → `Policy` values. In: the validated model. Out: policies in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.policies.policy import Policy, Tolerated
from windlass.policies.quantity import amount

if TYPE_CHECKING:
    from windlass_schemas.server_file import ServerFile
    from windlass_schemas.server_policy import ServerPolicy


def policies_of(model: ServerFile) -> tuple[Policy, ...]:
    return tuple(_policy(written) for written in model.policies)


def _policy(written: ServerPolicy) -> Policy:
    return Policy(
        name=written.name,
        tenants=written.tenants,
        pod_security=written.pod_security,
        images=written.images,
        digests=written.digests,
        service_accounts=written.service_accounts,
        runtime_classes=written.runtime_classes,
        priority_classes=written.priority_classes,
        node_selectors=written.node_selectors,
        tolerations=tuple(Tolerated(one.key, one.value, one.effect) for one in written.tolerations),
        claims=written.claims,
        config_maps=written.config_maps,
        secrets=written.secrets,
        host_paths=written.host_paths,
        privileged=written.privileged,
        docker=written.docker,
        runners=written.runners,
        network=written.network,
        limits={name: amount(quantity) for name, quantity in written.limits.items()},
        limits_required=written.limits_required,
        injected=written.injected,
    )
