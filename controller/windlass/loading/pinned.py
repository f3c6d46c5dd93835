"""The libraries of a repository at one commit: windlass.yaml against windlass.lock.

In: windlass.yaml, the listing, a reader, a way to open libraries. Out: `Libraries`, and what is wrong with the two
files: a lock that cannot be read, or that says something else than windlass.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.built_in import STD
from windlass.loading.definition_files import LOCK, SETTINGS
from windlass.loading.document import read_document
from windlass.loading.libraries import RUN_LOCK, Libraries
from windlass.loading.lock import Lock, read_lock, why_stale
from windlass.loading.rules import RULES
from windlass.loading.text import MAX_BYTES, too_large
from windlass.problems import START, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass.loading.checks.site import Checkers
    from windlass.loading.definition_files import Listed, Reader
    from windlass.loading.libraries import OpenLibrary
    from windlass.loading.positions import Document
    from windlass_schemas.repository import Repository


def read_libraries(
    settings: Repository | None,
    listed: Mapping[str, Listed],
    read: Reader,
    opener: OpenLibrary,
    checkers: Checkers,
) -> tuple[Libraries, list[Problem]]:
    """Only the library that is built in when there is neither another one nor a lock. A windlass.yaml that is broken
    itself is judged elsewhere: nothing is known of its lock."""
    if settings is None or not (settings.libraries or LOCK in listed):
        broken = settings is None and SETTINGS in listed
        return Libraries({}, None if broken else Lock(), opener, checkers), []
    lock, problems = _lock(listed, read)
    document, _ = read_document(read([listed[SETTINGS]])[SETTINGS])
    problems += _reserved(settings, document)
    if lock is not None and LOCK in listed:
        problems += _stale(settings, lock, document)
    return Libraries(settings.libraries, lock, opener, checkers), problems


def _lock(listed: Mapping[str, Listed], read: Reader) -> tuple[Lock | None, list[Problem]]:
    """An empty lock when there is no file; None when it cannot be used."""
    entry = listed.get(LOCK)
    if entry is None:
        return Lock(), []
    if entry.kind != "file":
        return None, [Problem(LOCK, START, "", "not-a-file", "this is no file; links are not followed")]
    if entry.size > MAX_BYTES:
        return None, [too_large(entry.size).problem(LOCK)]
    data = read([entry]).get(LOCK)
    if data is None:
        return None, [Problem(LOCK, START, "", "unreadable-file", "the file cannot be read")]
    return read_lock(data)


def _reserved(settings: Repository, document: Document) -> Iterator[Problem]:
    if STD in settings.libraries:
        span = document.key_span(("libraries", STD))
        message = "the library std is built in"
        yield Problem(SETTINGS, span, f"libraries.{STD}", "reserved-library", message, hint="choose another name")


def _stale(settings: Repository, lock: Lock, document: Document) -> Iterator[Problem]:
    """At the value that differs, at the name of what is not locked, and at the lock for what is too much in it."""
    rule = RULES["stale-lock"]
    for name, why in why_stale(lock, settings.libraries).items():
        file, span, path = LOCK, START, ""
        if name in settings.libraries:
            found = _place(name, settings, lock)
            file, path = SETTINGS, ".".join(found)
            span = (
                document.value_span(found) if len(found) > 2 and document.has(found) else document.key_span(found[:2])
            )
        yield Problem(file, span, path, rule.name, f"windlass.lock is stale: {name} {why}", rule.severity, RUN_LOCK)


def _place(name: str, settings: Repository, lock: Lock) -> tuple[str, ...]:
    locked = lock.libraries.get(name)
    different = locked.different(settings.libraries[name]) if locked is not None else []
    return ("libraries", name, *different[:1])
