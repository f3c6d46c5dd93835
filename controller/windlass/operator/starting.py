"""The operator of a server, constructed: what it consists of, in the order in which the parts need one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.kube.access import Place
from windlass.operator.cluster import Cluster
from windlass.operator.credentials import Credentials
from windlass.operator.history import History
from windlass.operator.ledger_runs import LedgerRuns
from windlass.operator.libraries import Libraries
from windlass.operator.operator import Operator
from windlass.operator.pictures import Pictures
from windlass.operator.repositories import Repositories
from windlass.operator.runs import Runs
from windlass.operator.seen import Seen
from windlass.operator.writing import Statuses

if TYPE_CHECKING:
    from windlass.reconcile.controller import Controller
    from windlass.reconcile.tenancy import Tenancy
    from windlass.settings import KubernetesSettings


def make_operator(settings: KubernetesSettings, controller: Controller, tenancy: Tenancy) -> Operator:
    """Nothing is asked of the cluster before `start`."""
    clock, seen = controller.parts.clock, Seen()
    cluster = Cluster(Place(settings.kubeconfig, settings.context), settings.namespaces, clock)
    statuses = Statuses(cluster, seen)
    credentials = Credentials(cluster, controller.parts.settings.data / "kubernetes")
    history = History(settings.keep_runs, settings.run_ttl)
    ledger = LedgerRuns(controller)
    runs = Runs(ledger, cluster, seen, statuses, history, clock, show_all=settings.show_runs == "all")
    return Operator(
        tenancy,
        cluster,
        seen,
        Repositories(tenancy, cluster, seen, statuses, credentials, clock, runs.namespace_gone),
        Libraries(tenancy, cluster, seen, statuses, credentials, clock),
        Pictures(controller, cluster, seen, statuses),
        runs,
        lambda: list(ledger.open()),
    )
