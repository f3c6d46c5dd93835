"""The runners of a run without a server: those of a server file, if one is named, and one of each kind.

In: `--config`, or WINDLASS_CONFIG; `--context` and `--namespace`, which are about the runner named kubernetes. Out:
runners by name. Steps may use this user's own Docker engine on those that the file does not mention, for whoever starts
the run may.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.settings import RunnerSettings


def own_runners(
    config: str | None, *, context: str | None = None, namespace: str | None = None
) -> dict[str, RunnerSettings]:
    """Raises UsageError and ProblemsError."""
    from windlass.executors.named import all_runners

    named = config or os.environ.get("WINDLASS_CONFIG")
    written: dict[str, RunnerSettings] = {}
    if named:
        from windlass.loading.server_file import read_server_file, runners_of

        written = runners_of(read_server_file(Path(named)))
    runners = all_runners(written, own_engine=True)
    cluster = runners["kubernetes"]
    runners["kubernetes"] = replace(
        cluster, context=context or cluster.context, namespace=namespace or cluster.namespace
    )
    return runners
