"""Tenants: on a cluster a namespace is one, and what comes from its objects is called NAMESPACE.NAME in the ledger.

In: a namespace, a name. Out: names of repositories that cannot collide, over tenants and with those of the server file:
neither a namespace nor a repository's own name has a dot.
"""

from __future__ import annotations

DOT = "."


def qualified(namespace: str, name: str) -> str:
    """What the repository of an object is called in the ledger, the API and URLs."""
    return f"{namespace}{DOT}{name}"


def qualified_library(namespace: str, name: str) -> str:
    """What a library of a tenant is called; no repository is called so."""
    return f"{namespace}{DOT}library{DOT}{name}"


def namespace_of(repository: str) -> str | None:
    """The tenant of a repository; None for one of the server file or the command line."""
    namespace, dot, _ = repository.partition(DOT)
    return namespace if dot else None


def own_name(repository: str) -> str:
    """The name of its object, without the tenant."""
    return repository.rpartition(DOT)[2]


def beside(repository: str, reference: str) -> str:
    """REPOSITORY/WORKFLOW or WORKFLOW as written in a repository, in full: a name means one of the same tenant."""
    if "/" not in reference:
        return f"{repository}/{reference}"
    namespace = namespace_of(repository)
    return reference if namespace is None else qualified(namespace, reference)
