"""One ActionLibrary: polled as its object asks, its credentials given to the repositories of its namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.operator.kinds import LIBRARY
from windlass.operator.source_objects import SourceObjects
from windlass.operator.source_status import library_status
from windlass.operator.specs import read_spec
from windlass.settings import RepositorySettings
from windlass.tenants import qualified_library
from windlass_schemas.resources.action_library import ActionLibrarySpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.operator.workqueue import Key
    from windlass.sources.auth import Auth

    Served = tuple[RepositorySettings, Auth | None]


class Libraries(SourceObjects["Served"]):
    kind = LIBRARY

    def _name(self, key: Key) -> str:
        return qualified_library(key.namespace, key.name)

    def _wanted(self, key: Key, name: str, spec: Any) -> tuple[Served, bool]:
        asked = read_spec(ActionLibrarySpec, spec)
        settings = RepositorySettings(
            name, asked.git, asked.ref, asked.interval, tenant=key.namespace, suspended=asked.suspend
        )
        auth = self._credentials.auth(name, key.namespace, asked.git, asked.auth)
        return (settings, auth), asked.auth is not None

    def _serve(self, wanted: Served) -> None:
        self._tenancy.put_library(*wanted)

    def _remove(self, name: str) -> None:
        if name in self._tenancy.library_names():
            self._tenancy.remove_library(name)

    def _view(self, name: str) -> dict[str, Any] | None:
        return self._tenancy.view_library(name)

    def _status(
        self, view: Mapping[str, Any], before: Mapping[str, Any], generation: int, now: Millis
    ) -> dict[str, Any]:
        return library_status(view, before, generation, now)

    def _told(self, _view: Mapping[str, Any], status: Mapping[str, Any]) -> str:
        return f"{status['revision']}: {status['actionCount']} actions"
