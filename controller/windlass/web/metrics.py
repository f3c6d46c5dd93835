"""Counters and gauges for Prometheus: bounded labels only, base units, `windlass_` in front.

The engine's own numbers are read when they are asked for; ended runs are counted from the controller's news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import (  # the only place that imports prometheus_client
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Info,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from windlass import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from windlass.reconcile.controller import Controller


class _State:
    """What the controller knows, at the moment of a scrape."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def collect(self) -> Iterator[Metric]:
        parts = self._controller.parts
        yield GaugeMetricFamily("windlass_runs_open", "Runs that have not ended.", parts.engine.open_runs)
        waiting = parts.engine.groups.waiting()
        yield GaugeMetricFamily("windlass_group_waiting", "Runs and steps in line for a concurrency group.", waiting)
        ended = CounterMetricFamily("windlass_runs_ended", "Runs that have ended, by status.", labels=["status"])
        for status, count in sorted(parts.engine.ended_runs().items()):
            ended.add_metric([status], count)
        yield ended
        yield GaugeMetricFamily("windlass_workflows_live", "Live workflows.", len(parts.catalog.all()))
        ready = GaugeMetricFamily("windlass_source_ready", "1 when the source is Ready.", labels=["repository"])
        failures = GaugeMetricFamily("windlass_source_failures", "Failures in a row.", labels=["repository"])
        for name, source in parts.sources.states.items():
            good = any(c.type == "Ready" and c.status is True for c in source.conditions)
            ready.add_metric([name], float(good))
            failures.add_metric([name], source.failures)
        yield ready
        yield failures
        yield CounterMetricFamily("windlass_ledger_commits", "Transactions committed.", parts.writer.commits)


class Metrics:
    def __init__(self, controller: Controller | None, *, leads: bool = False) -> None:
        """`controller` None: of a process without one. `leads`: whether this process is the one that runs things."""
        self._registry = CollectorRegistry()
        Info("windlass_build", "The version that runs.", registry=self._registry).info({"version": __version__})
        Gauge("windlass_up", "1 while the server answers.", registry=self._registry).set(1)
        leading = Gauge("windlass_leading", "1 in the process that starts runs and steps.", registry=self._registry)
        leading.set(1 if leads else 0)
        if controller is not None:
            self._registry.register(_State(controller))

    def render(self) -> tuple[bytes, str]:
        """The text and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
