"""The list of runs: any filters, newest first, by keyset.

In: a `RunFilter`, a cursor, a limit. Out: a `Page`. A page costs what it shows and not what came before it, with a
million runs too: each filter that stands alone walks an index in the order of the list. The only reader that needs
SQLAlchemy, for the web.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, bindparam, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from windlass.store.filters import Page, RunFilter
from windlass.store.paging import from_cursor, to_cursor
from windlass.store.rows import RUN_COLUMNS, run_from_row
from windlass.store.schema import run_values, runs
from windlass.store.texts import to_indexed

if TYPE_CHECKING:
    from windlass.runs.model import RunHead
    from windlass.store.connection import Connection
    from windlass.store.pool import Pool

_COLUMNS = {
    "repository": runs.c.repository,
    "workflow": runs.c.workflow,
    "status": runs.c.status,
    "commit": runs.c.git_commit,
    "actor": runs.c.actor_name,
    "trigger": runs.c.trigger_kind,
}


# A label or input with fewer runs than this leads whatever else is asked for: looking at all of them is quick.
RARE = 2000


def list_runs(pool: Pool, wanted: RunFilter, cursor: str | None, limit: int) -> Page[RunHead]:
    """Raises UsageError for a forged cursor."""
    values: dict[str, Any] = {"most": limit + 1}
    for name in _COLUMNS:
        if getattr(wanted, name) is not None:
            values[name] = getattr(wanted, name)
    own = len(values) > 1
    if wanted.since is not None:
        values["since"] = wanted.since
    if cursor is not None:
        values["before_at"], values["before_id"] = from_cursor(cursor)
    pairs = [
        {"kind": kind, "name": to_indexed(name), "value": to_indexed(value)}
        for kind, given in (("label", wanted.labels), ("input", wanted.inputs))
        for name, value in given.items()
    ]

    def question(connection: Connection) -> list[tuple[Any, ...]]:
        leads = bool(pairs)
        if own + len(pairs) > 1 and pairs:
            counts = [connection.rows(pool.where.sql["count_value"], pair | {"most": RARE})[0][0] for pair in pairs]
            rarest = counts.index(min(counts))
            pairs.insert(0, pairs.pop(rarest))
            leads = not own or counts[rarest] < RARE
        sql = _sql(pool.where.dialect, frozenset(values), len(pairs), leads)
        return connection.rows(sql, values | {f"{k}{n}": v for n, pair in enumerate(pairs) for k, v in pair.items()})

    heads = [run_from_row(row) for row in pool.ask(question)]
    more = len(heads) > limit
    last = heads[limit - 1] if more else None
    return Page(tuple(heads[:limit]), None if last is None else to_cursor(last.created_at, last.id))


@lru_cache(maxsize=256)
def _sql(dialect: str, given: frozenset[str], pairs: int, leads: bool) -> str:
    made = (
        sqlite.dialect(paramstyle="named") if dialect == "sqlite" else postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
    )
    return str(_statement(given, pairs, leads).compile(dialect=made)).removesuffix(" OFFSET :param_1")


def _statement(given: frozenset[str], pairs: int, leads: bool) -> Select[Any]:
    """`leads`: the first label or input, whose index holds the runs of that value, newest first; else the runs do."""
    statement = select(*(runs.c[name] for name in RUN_COLUMNS))
    at, run = runs.c.created_at, runs.c.id
    for number in range(pairs):
        values = run_values.alias(f"values{number}")
        same = and_(values.c.run_id == runs.c.id, values.c.created_at == runs.c.created_at)
        statement = statement.join(values, same).where(
            and_(*(values.c[name] == bindparam(f"{name}{number}") for name in ("kind", "name", "value")))
        )
        if number == 0 and leads:
            at, run = values.c.created_at, values.c.run_id
    statement = statement.where(*(column == bindparam(name) for name, column in _COLUMNS.items() if name in given))
    if "since" in given:
        statement = statement.where(at >= bindparam("since"))
    if "before_at" in given:
        statement = statement.where(tuple_(at, run) < tuple_(bindparam("before_at"), bindparam("before_id")))
    return statement.order_by(at.desc(), run.desc()).limit(bindparam("most"))
