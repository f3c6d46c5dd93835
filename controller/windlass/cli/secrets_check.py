"""`windlass secrets check`: can each secret that windlass.yaml names be had?

In: the work tree, with this user's keys; or, with `--server`, a repository of that server with what the server gives
it. Out: a line for each reference, of the repository and of each environment: found, or why not, by the cause that a
step would end with. With `--proposed`, this checkout's references against a server, merged or not. Never a value. Exit
1 when one cannot be had.
"""

from __future__ import annotations

import os
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.cli.table import show
from windlass.cli.work_tree import find_root, load_work_tree, repository_name
from windlass.errors import ProblemsError
from windlass.loading.definition_files import SETTINGS
from windlass.reconcile.secret_requests import FOUND, references_of, row

if TYPE_CHECKING:
    import argparse

    from windlass_schemas.repository import Repository

COLUMNS = ("name", "environment", "status", "reference", "message")


def check(arguments: argparse.Namespace) -> int:
    if arguments.proposed:
        return _proposed(arguments)
    asked = arguments.server or os.environ.get("WINDLASS_SERVER")
    rows = _by_server(arguments) if asked else _here(arguments)
    show(rows, rows, {column.upper(): itemgetter(column) for column in COLUMNS}, arguments.output)
    return 0 if all(one["status"] == FOUND for one in rows) else 1


def _proposed(arguments: argparse.Namespace) -> int:
    """What this checkout names, merged or not, as the server would give it: for a pull request's check."""
    from windlass.cli.client import Client
    from windlass.cli.secrets_proposed import FINE, WORDS, proposed_rows

    root = find_root(Path())
    name = arguments.name or repository_name(root)
    rows = proposed_rows(root, _settings(root), Client.of(arguments), name)
    if arguments.output == "table":
        for one in rows:
            where = f"{one['file']}:{one['line']}:{one['column']}"
            whose = one["name"] if one["environment"] is None else f"{one['name']} ({one['environment']})"
            told = f": {one['message']}" if one["message"] else ""
            print(f"{where}: {WORDS.get(one['status'], 'not known')}: {whose}{told}")
    else:
        show(rows, rows, {}, arguments.output)
    return 0 if all(one["status"] in FINE for one in rows) else 1


def _by_server(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from windlass.cli.client import Client

    name = arguments.name or repository_name(find_root(Path()))
    return list(Client.of(arguments).get(f"/repositories/{quote(name, safe='')}/secrets")["items"])


def _here(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from windlass.cli.user_secrets import user_origin, user_resolver

    root = find_root(Path(arguments.name or ""))
    written = list(references_of(_settings(root)))
    resolver = user_resolver(root, arguments.data)
    found = {
        (environment, reference): one
        for environment in dict.fromkeys(environment for _, environment, _ in written)
        for reference, one in resolver.look(
            {text: text for _, of, text in written if of == environment},
            user_origin(repository_name(root), environment),
        ).items()
    }
    return [
        row(name, environment, reference, found[environment, reference]) for name, environment, reference in written
    ]


def _settings(root: Path) -> Repository | None:
    """Raises ProblemsError for a windlass.yaml that cannot be used."""
    if not (root / SETTINGS).exists():
        return None
    tree = load_work_tree(root, only=SETTINGS)
    if tree.loaded.repository is None:
        raise ProblemsError([p for p in tree.loaded.problems if p.file == SETTINGS], tree.text_of)
    return tree.loaded.repository
