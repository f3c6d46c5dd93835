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
    from windlass.store.pool import Pool

_COLUMNS = {
    "repository": runs.c.repository,
    "workflow": runs.c.workflow,
    "status": runs.c.status,
    "commit": runs.c.git_commit,
    "actor": runs.c.actor_name,
    "trigger": runs.c.trigger_kind,
}


def list_runs(pool: Pool, wanted: RunFilter, cursor: str | None, limit: int) -> Page[RunHead]:
    """Raises UsageError for a forged cursor."""
    values: dict[str, Any] = {"most": limit + 1}
    for name in _COLUMNS:
        if getattr(wanted, name) is not None:
            values[name] = getattr(wanted, name)
    if wanted.since is not None:
        values["since"] = wanted.since
    if cursor is not None:
        values["before_at"], values["before_id"] = from_cursor(cursor)
    pairs = [("label", *pair) for pair in wanted.labels.items()] + [("input", *pair) for pair in wanted.inputs.items()]
    for number, (kind, name, value) in enumerate(pairs):
        values |= {f"kind{number}": kind, f"name{number}": to_indexed(name), f"value{number}": to_indexed(value)}
    sql = _sql(pool.where.dialect, frozenset(values), len(pairs))
    heads = [run_from_row(row) for row in pool.ask(lambda connection: connection.rows(sql, values))]
    more = len(heads) > limit
    last = heads[limit - 1] if more else None
    return Page(tuple(heads[:limit]), None if last is None else to_cursor(last.created_at, last.id))


@lru_cache(maxsize=256)
def _sql(dialect: str, given: frozenset[str], pairs: int) -> str:
    made = (
        sqlite.dialect(paramstyle="named") if dialect == "sqlite" else postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
    )
    return str(_statement(given, pairs).compile(dialect=made)).removesuffix(" OFFSET :param_1")


def _statement(given: frozenset[str], pairs: int) -> Select[Any]:
    """With labels or inputs the first one leads: its index holds the runs of that value, newest first."""
    statement = select(*(runs.c[name] for name in RUN_COLUMNS))
    at, run = runs.c.created_at, runs.c.id
    for number in range(pairs):
        values = run_values.alias(f"values{number}")
        statement = statement.join(values, values.c.run_id == runs.c.id).where(
            and_(*(values.c[name] == bindparam(f"{name}{number}") for name in ("kind", "name", "value")))
        )
        if number == 0:
            at, run = values.c.created_at, values.c.run_id
        else:
            statement = statement.where(values.c.created_at == runs.c.created_at)
    statement = statement.where(*(column == bindparam(name) for name, column in _COLUMNS.items() if name in given))
    if "since" in given:
        statement = statement.where(at >= bindparam("since"))
    if "before_at" in given:
        statement = statement.where(tuple_(at, run) < tuple_(bindparam("before_at"), bindparam("before_id")))
    return statement.order_by(at.desc(), run.desc()).limit(bindparam("most"))
