"""The constructed parts of a server, as wiring hands them to the controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from windlass.artifacts.objects import Objects
    from windlass.clock import Clock
    from windlass.logs.archive import LogArchive
    from windlass.reconcile.admission import Admission
    from windlass.reconcile.bell import Bell
    from windlass.reconcile.catalog import Catalog
    from windlass.reconcile.custom_events import CustomEvents
    from windlass.reconcile.engine import Engine
    from windlass.reconcile.hooks import Hooks
    from windlass.reconcile.own_secrets import OwnSecrets
    from windlass.reconcile.repository_secrets import RepositorySecrets
    from windlass.reconcile.schedules import Schedules
    from windlass.reconcile.source_state import SourceState
    from windlass.reconcile.sources import Sources
    from windlass.runs.model import AttemptKey
    from windlass.settings import Settings
    from windlass.store.reads import Reads
    from windlass.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    clock: Clock
    writer: Writer
    reads: Reads
    catalog: Catalog
    engine: Engine
    admission: Admission
    schedules: Schedules
    sources: Sources[SourceState]
    hooks: Hooks
    custom_events: CustomEvents
    bell: Bell
    objects: Objects
    log_path: Callable[[AttemptKey], Path | None]
    secrets: RepositorySecrets
    own_secrets: OwnSecrets
    log_archive: LogArchive | None = None  # None: logs stay on the disk of this controller
