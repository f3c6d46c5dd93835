"""Changes to the server's own store of secrets.

In: values that are sealed already. Out: rows. Nothing here can open one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from windlass.store.values import OwnSecretRow


class OwnSecretChanges(TxBase):
    __slots__ = ()

    def own_secret_version(self, owner: str, environment: str, name: str) -> int | None:
        """None: there is none of that name."""
        row = self._row("own_secret", owner=owner, environment=environment, name=name)
        return None if row is None else int(row[3])

    def put_own_secret(self, row: OwnSecretRow) -> None:
        """In place of what was there."""
        self._change("put_own_secret", **asdict(row))

    def delete_own_secret(self, owner: str, environment: str, name: str) -> bool:
        """False when there was none."""
        return self._change("delete_own_secret", owner=owner, environment=environment, name=name) == 1

    def rewrap_own_secret(self, row: OwnSecretRow) -> bool:
        """The same value, its key sealed by another; False when it has been replaced or removed meanwhile."""
        changed = self._change(
            "rewrap_own_secret",
            the_owner=row.owner,
            the_environment=row.environment,
            the_name=row.name,
            the_version=row.version,
            key_id=row.key_id,
            wrapped=row.wrapped,
        )
        return changed == 1
