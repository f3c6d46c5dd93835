"""How long what a run left is kept: the server's spans, or shorter ones that its workflow asks for.

In: the server's Retention and what is live. Out: the Retention of a workflow. A workflow never keeps more than the
server allows: what is stored belongs to whoever runs the server. Of a deleted workflow the server's spans hold.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from windlass.errors import NotFoundError
from windlass.settings import Retention
from windlass_schemas.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.reconcile.catalog import Catalog

KINDS = tuple(field.name for field in fields(Retention))


def spans_of(server: Retention, catalog: Catalog, repository: str, workflow: str) -> Retention:
    try:
        document = catalog.get(repository, workflow).document
    except NotFoundError:
        return server
    return _narrowed(server, document)


def own_spans(server: Retention, catalog: Catalog) -> dict[tuple[str, str], Retention]:
    """Those of every live workflow that has some of its own, by repository and name."""
    return {
        (live.repository, live.name): _narrowed(server, document)
        for live in catalog.all()
        if (document := live.document).get("retention")
    }


def _narrowed(server: Retention, document: Mapping[str, Any]) -> Retention:
    written = document.get("retention") or {}
    own = {kind: parse_duration(written[kind]) for kind in KINDS if written.get(kind) is not None}
    return replace(server, **{kind: min(span, getattr(server, kind)) for kind, span in own.items()})
