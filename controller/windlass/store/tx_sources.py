"""Changes to repositories and their live definitions.

In: what one commit says. Out: rows; a commit becomes live as a whole or not at all (promise R19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.store.texts import to_json, to_plain
from windlass.store.tx_base import TxBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.clock import Millis
    from windlass.store.values import DefinitionRow


class SourceChanges(TxBase):
    __slots__ = ()

    def activate(
        self, repository: str, commit: str, rows: Sequence[DefinitionRow], removed: Sequence[str], now: Millis
    ) -> None:
        """Make a commit live: `rows` replace the definitions of their names, `removed` names go, others stay."""
        self._change(
            "set_commit",
            name=repository,
            url="",
            branch=None,
            git_commit=commit,
            conditions="[]",
            problems="[]",
            updated_at=now,
        )
        self._change_many(
            "save_definition",
            [
                {
                    "repository": repository,
                    "name": row.name,
                    "path": row.path,
                    "git_commit": row.commit,
                    "title": to_plain(row.title),
                    "content": row.content,
                    "settings": row.settings,
                    "source": row.source,
                    "digest": row.digest,
                    "uses": row.uses,
                    "stale": int(row.stale),
                }
                for row in rows
            ],
        )
        self._change_many("delete_definition", [{"repository": repository, "name": name} for name in removed])

    def save_repository(
        self,
        name: str,
        url: str,
        branch: str | None,
        commit: str | None,
        conditions: Sequence[Any],
        problems: Sequence[Any],
        now: Millis,
    ) -> None:
        """What is known of a repository now; conditions and problems are JSON values."""
        self._change(
            "save_repository",
            name=name,
            url=url,
            branch=branch,
            git_commit=commit,
            conditions=to_json(conditions),
            problems=to_json(problems),
            updated_at=now,
        )

    def delete_repository(self, name: str) -> None:
        """The repository, its definitions and schedules; its runs stay."""
        self._change("delete_definitions", repository=name)
        self._change("delete_schedules", repository=name)
        self._change("delete_repository", name=name)
