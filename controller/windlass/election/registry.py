"""Places for the lease, by the name that the settings give them: one line each.

In: the settings and the ledger's database. Out: `Leases`. What a place needs is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from windlass.clock import Clock
    from windlass.election.base import Leases
    from windlass.settings import ControllerSettings
    from windlass.store.opening import Database


def _ledger(_settings: ControllerSettings, where: Database, clock: Clock) -> Leases:
    from windlass.election.ledger import LedgerLeases

    return LedgerLeases(where, clock)


def _kubernetes(settings: ControllerSettings, _where: Database, clock: Clock) -> Leases:
    from windlass.election.kubernetes import KubernetesLeases

    # Two requests have to fit into the time in which a renewal has to succeed.
    timeout = settings.renew_deadline / 2000
    return KubernetesLeases(settings.lease_name, settings.lease_namespace, clock, timeout)


PLACES: dict[str, Callable[[ControllerSettings, Database, Clock], Leases]] = {
    "kubernetes": _kubernetes,
    "ledger": _ledger,
}


def leases_of(settings: ControllerSettings, where: Database, clock: Clock) -> Leases:
    """Raises UsageError when there is no such place, or it cannot be used from here."""
    if settings.election is None or settings.election not in PLACES:
        raise UsageError(f"there is no election {settings.election!r}", f"one of: {', '.join(sorted(PLACES))}")
    return PLACES[settings.election](settings, where, clock)
