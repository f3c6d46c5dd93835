"""The runners of a run without a server: those of a server file, if one is named, and one of each kind.

In: `--config`, or WINDLASS_CONFIG. Out: runners by name. Steps may use this user's own Docker engine on those that the
file does not mention, for whoever starts the run may.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.settings import RunnerSettings


def own_runners(config: str | None) -> dict[str, RunnerSettings]:
    """Raises UsageError and ProblemsError."""
    from windlass.executors.named import all_runners

    named = config or os.environ.get("WINDLASS_CONFIG")
    if not named:
        return all_runners({}, own_engine=True)
    from windlass.loading.server_file import read_server_file, runners_of

    return all_runners(runners_of(read_server_file(Path(named))), own_engine=True)
