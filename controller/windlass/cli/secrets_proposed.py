"""`windlass secrets check --proposed`: the references of this checkout, merged or not, against a server.

In: a work tree, a server, the repository's name there. Out: a row for each reference, with its place in windlass.yaml:
found, key missing, no access. References go to the server, and whom SOPS files are encrypted for; no file and no value
goes, and none comes back. What the checkout itself can tell, it tells: a SOPS file or an entry that is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from windlass.errors import SecretError
from windlass.loading.definition_files import SETTINGS
from windlass.loading.document import read_document
from windlass.reconcile.secret_requests import FOUND, references_of
from windlass.secrets.reference import parse_reference
from windlass.secrets.sops.metadata import read_metadata
from windlass.secrets.sops.provider import LARGEST_FILE, inner_path
from windlass.secrets.sops.trees import format_of, read_tree

if TYPE_CHECKING:
    from pathlib import Path

    from windlass.cli.client import Client
    from windlass.secrets.base import Reference
    from windlass_schemas.repository import Repository

WORDS = {FOUND: "found", "secret-not-found": "key missing", "secret-denied": "no access", "secret-failed": "failed"}
FINE = frozenset({FOUND, "not-known"})


def proposed_rows(root: Path, settings: Repository | None, client: Client, repository: str) -> list[dict[str, Any]]:
    """In the order of the file."""

    written = list(references_of(settings))
    if not written:
        return []
    inside = [_inside(root, reference) for _, _, reference in written]
    body = [
        {"name": name, "environment": environment, "reference": reference, "recipients": groups}
        for (name, environment, reference), (groups, _) in zip(written, inside, strict=True)
    ]
    answer = client.post(f"/repositories/{quote(repository, safe='')}/secrets/check", {"references": body})
    places = _places(root, written)
    rows = []
    for row, (_, missing), place in zip(answer["items"], inside, places, strict=True):
        if missing is not None and row["status"] in FINE:
            row |= {"status": missing.cause, "message": str(missing)}
        rows.append({**place, **row})
    return rows


def _inside(root: Path, reference: str) -> tuple[list[list[str]], SecretError | None]:
    """Of a SOPS file in the checkout: its key groups, and what is missing in it."""
    if not reference.startswith("ref+sops:"):
        return [], None
    try:
        found = parse_reference(reference)
        path = inner_path(found.path)
        documents, metadata = read_tree(_read(root, path), found.params.get("format") or format_of(path))
        groups = [[*(name for name, _ in one.age), *one.others] for one in read_metadata(metadata).groups]
        return groups, _missing(found, path, documents)
    except SecretError as error:
        return [], error


def _read(root: Path, path: str) -> bytes:
    """Raises SecretError."""
    file = root / path
    if any(part.is_symlink() for part in (file, *file.parents) if part.is_relative_to(root) and part != root):
        raise SecretError("secret-failed", f"{path} is a link, which is not followed")
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise SecretError("secret-not-found", f"{path}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise SecretError("secret-failed", f"{path} is larger than {LARGEST_FILE} bytes")
    return data


def _missing(reference: Reference, path: str, documents: list[dict[str, Any]]) -> SecretError | None:
    """Names in a SOPS file are not encrypted."""
    at: Any = documents[0] if documents else {}
    for key in reference.keys:
        if isinstance(at, list) and key.isdigit() and int(key) < len(at):
            at = at[int(key)]
        elif isinstance(at, dict) and key in at:
            at = at[key]
        else:
            return SecretError("secret-not-found", f"{path} has no entry /{'/'.join(reference.keys)}")
    return None


def _places(root: Path, written: list[tuple[str, str | None, str]]) -> list[dict[str, Any]]:
    """Where each reference stands. Raises OSError and Faults, when the file is changed meanwhile."""
    document, _ = read_document((root / SETTINGS).read_bytes())
    places = []
    for name, environment, _ in written:
        above: tuple[str, ...] = () if environment is None else ("environments", environment)
        path = (*above, "secrets", name)
        if environment is None and name.startswith("registries.") and not document.has(path):
            path = ("registries", name.removeprefix("registries."), "password")
        span = document.value_span(path)
        places.append({"file": SETTINGS, "line": span.line, "column": span.column})
    return places
