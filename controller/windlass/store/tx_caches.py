"""Changes to caches: outputs that are reused while their key is known, and folders kept between runs.

In: keys, outputs, names of archives. Out: rows. The first of two that save one key at the same time wins: what is there
and has not expired stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.store.texts import to_json, to_plain
from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.store.values import CacheRow, OutputsKey


class CacheChanges(TxBase):
    __slots__ = ()

    def keep_outputs(
        self, key: OutputsKey, outputs: Mapping[str, Any], run: str, now: Millis, expires_at: Millis
    ) -> bool:
        """Reuse these outputs until `expires_at`; False when others are known that have not expired."""
        changed = self._change(
            "keep_outputs",
            repository=key.repository,
            workflow=key.workflow,
            step=key.step,
            cache_key=to_plain(key.key),
            shape=key.shape,
            outputs=to_json(dict(outputs)),
            run_id=run,
            created_at=now,
            expires_at=expires_at,
        )
        return changed == 1

    def prune_outputs(self, before: Millis) -> None:
        """Forget those that expired before that time."""
        self._change("prune_outputs", before=before)

    def insert_cache(self, row: CacheRow) -> bool:
        """False when the key is there already: what it keeps is never changed."""
        changed = self._change(
            "insert_cache",
            repository=row.repository,
            paths=row.paths,
            cache_key=to_plain(row.key),
            object=row.object,
            size=row.size,
            created_at=row.created_at,
            used_at=row.used_at,
        )
        return changed == 1

    def use_cache(self, repository: str, paths: str, key: str, now: Millis) -> None:
        """It was restored: the least recently used go first."""
        self._change("use_cache", the_repository=repository, the_paths=paths, the_cache_key=to_plain(key), used_at=now)

    def delete_cache(self, repository: str, paths: str, key: str) -> None:
        self._change("delete_cache", repository=repository, paths=paths, cache_key=to_plain(key))
