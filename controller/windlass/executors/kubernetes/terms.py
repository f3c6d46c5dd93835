"""What a runner of this kind is made from, and the one place that every Pod spec passes last.

In: the runner's settings. Out: Terms; and `admitted`, called with the whole spec right before it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass.errors import WindlassError
from windlass.kube.access import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.settings import RunnerSettings

PENDING = 3600.0
KEEP = 600
UNREAD = 86_400
LOG_PATIENCE = 20.0


class PolicyError(WindlassError):
    """The Pod is not allowed; the text names the field and the policy."""


def as_it_is(_spec: Mapping[str, Any], _namespace: str) -> None:
    """Allows every spec that this runner makes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`namespace` None: the context's. `image` is that of launches without one. `pending`: seconds that an attempt may
    wait for its start. `keep`: seconds that its objects stay after its end has been recorded, `unread` before that.
    `check` is given each final Pod spec and its namespace, and raises PolicyError."""

    place: Place = field(default_factory=Place)
    namespace: str | None = None
    image: str | None = None
    pending: float = PENDING
    keep: int = KEEP
    unread: int = UNREAD
    log_patience: float = LOG_PATIENCE
    check: Callable[[Mapping[str, Any], str], None] = field(default=as_it_is)


def terms_of(runner: RunnerSettings) -> Terms:
    kubeconfig = str(runner.kubeconfig) if runner.kubeconfig is not None else None
    return Terms(Place(kubeconfig, runner.context), runner.namespace, runner.image)


def admitted(job: dict[str, Any], namespace: str, terms: Terms) -> dict[str, Any]:
    """The Job that is sent. Nothing may change its Pod spec after this. Raises PolicyError."""
    terms.check(job["spec"]["template"]["spec"], namespace)
    return job
