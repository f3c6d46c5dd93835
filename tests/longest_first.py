"""In which order files of tests are handed to several processes: first those that take the longest.

A process gets one file at a time. A long one that begins last is waited for by processes that have nothing to do; and
what waits for a cluster or an engine goes well beside what computes. The list is kept by hand, from the figures of
`make test PYTEST_ARGS=--durations=0`: a file that is missing in it costs time and nothing else. A single process takes
files in the order of their names, as always.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = (
    "tests/slow/test_chart.py",
    "tests/slow/test_crash_points.py",
    "tests/executors/kubernetes/test_services.py",
    "tests/slow/test_failover_kubernetes.py",
    "tests/executors/kubernetes/test_causes.py",
    "tests/slow/test_docker.py",
    "tests/executors/kubernetes/test_workspace.py",
    "tests/slow/test_kubernetes_run.py",
    "tests/slow/test_kubernetes_workspace.py",
    "tests/slow/test_operator.py",
    "tests/slow/test_tour.py",
    "tests/executors/test_contract.py",
    "tests/slow/test_examples.py",
    "tests/slow/test_run_cli.py",
    "tests/slow/test_built_in_actions.py",
    "tests/slow/test_up_cli.py",
    "tests/executors/kubernetes/test_engine.py",
    "tests/slow/test_cluster.py",
    "tests/slow/test_failover.py",
    "tests/actions_library/test_bad_servers.py",
)
SLOW = "tests/slow/"


def rank(file: str, tests: Mapping[str, int]) -> tuple[int, int]:
    """The longest in the order of the list, then other slow ones, then those with the most tests."""
    if file in LONGEST:
        return (0, LONGEST.index(file))
    return (1 if file.startswith(SLOW) else 2, -tests[file])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    files = [item.nodeid.partition("::")[0] for item in items]
    tests = Counter(files)
    places = {file: (rank(file, tests), place) for place, file in enumerate(dict.fromkeys(files))}
    items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])
