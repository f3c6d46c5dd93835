"""`windlass secrets check`: can this user, here and now, have each secret that windlass.yaml names?

In: the work tree. Out: a line for each reference, of the repository and of each environment: found, or why not, by the
cause that a step would end with. Never a value. Exit 1 when one cannot be had.
"""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from windlass.cli.table import show
from windlass.cli.user_secrets import user_resolver
from windlass.cli.work_tree import find_root, load_work_tree, repository_name
from windlass.errors import ProblemsError
from windlass.loading.places import SETTINGS
from windlass.secrets.base import Origin

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from windlass_schemas.repository import Repository

FOUND = "found"
COLUMNS = ("name", "environment", "status", "reference", "message")


def command(arguments: argparse.Namespace) -> int:
    root = find_root(Path(arguments.path or ""))
    written = list(_references(_settings(root)))
    found = user_resolver(root).look({reference: reference for _, _, reference in written}, _origin(root))
    rows = [_row(name, environment, reference, found[reference]) for name, environment, reference in written]
    show(rows, rows, {column.upper(): itemgetter(column) for column in COLUMNS}, arguments.output)
    return 0 if all(row["status"] == FOUND for row in rows) else 1


def _origin(root: Path) -> Origin:
    return Origin(repository_name(root), None)


def _settings(root: Path) -> Repository | None:
    """Raises ProblemsError for a windlass.yaml that cannot be used."""
    if not (root / SETTINGS).exists():
        return None
    tree = load_work_tree(root, only=SETTINGS)
    if tree.loaded.repository is None:
        raise ProblemsError([p for p in tree.loaded.problems if p.file == SETTINGS], tree.text_of)
    return tree.loaded.repository


def _references(settings: Repository | None) -> Iterator[tuple[str, str | None, str]]:
    """(name, environment, reference) as written."""
    if settings is None:
        return
    yield from ((name, None, reference) for name, reference in settings.secrets.items())
    for environment, one in settings.environments.items():
        yield from ((name, environment, reference) for name, reference in one.secrets.items())


def _row(name: str, environment: str | None, reference: str, found: Any) -> dict[str, Any]:
    failed = None if isinstance(found, str) else found
    return {
        "name": name,
        "environment": environment,
        "reference": reference,
        "status": FOUND if failed is None else failed.cause,
        "message": None if failed is None else str(failed),
    }
