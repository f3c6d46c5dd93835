"""Every fixed statement of the ledger, by name.

In: the tables. Out: SQLAlchemy statements, which `compile.py` turns into text for both databases. A parameter has its
column's name; one that picks rows in an UPDATE is called `the_COLUMN`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, literal_column, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from windlass.runs.model import TERMINAL
from windlass.store import rows
from windlass.store import schema as s

Statement = Any  # a SQLAlchemy Core statement
_ENDS: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in sorted(TERMINAL)]
_OPEN = s.runs.c.is_open == literal_column("1")


def _is(column: ColumnElement[Any], name: str | None = None) -> ColumnElement[bool]:
    return column == bindparam(name or str(column.key))


def _pick(table: Table, columns: tuple[str, ...]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in columns]


def _insert(table: Table, *, without: tuple[str, ...] = ()) -> Statement:
    return insert(table).values({c.name: bindparam(c.name) for c in table.c if c.name not in without})


class Dialect:
    """The statements that both databases spell alike only from the outside."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._insert: Callable[[Table], Any] = sqlite.insert if name == "sqlite" else postgresql.insert

    def upsert(
        self, table: Table, where: Callable[[Any], Any] | None = None, *, keep: tuple[str, ...] = ()
    ) -> Statement:
        keys = [c.name for c in table.primary_key]
        made = self._insert(table).values({c.name: bindparam(c.name) for c in table.c})
        changed = {c.name: made.excluded[c.name] for c in table.c if c.name not in (*keys, *keep)}
        condition = None if where is None else where(made.excluded)
        return made.on_conflict_do_update(index_elements=keys, set_=changed, where=condition)

    def insert_once(self, table: Table, keys: list[str], *, without: tuple[str, ...] = ()) -> Statement:
        made = self._insert(table).values({c.name: bindparam(c.name) for c in table.c if c.name not in without})
        return made.on_conflict_do_nothing(index_elements=keys)

    def numbered(self, table: Table) -> Statement:
        """An insert that tells its number: SQLite by lastrowid, PostgreSQL by RETURNING."""
        (key,) = table.primary_key
        made = _insert(table, without=(str(key.name),))
        return made if self.name == "sqlite" else made.returning(key)


def _update(table: Table, keys: tuple[str, ...], changed: tuple[str, ...], *conditions: Any) -> Statement:
    picked = [table.c[key] == bindparam(f"the_{key}") for key in keys]
    return update(table).where(*picked, *conditions).values({name: bindparam(name) for name in changed})


def fences(d: Dialect) -> dict[str, Statement]:
    t = s.fences
    first = d._insert(t).values(
        scope=bindparam("scope"), epoch=1, holder=bindparam("holder"), taken_at=bindparam("taken_at"), commits=0
    )
    first = first.values(epoch=literal_column("1"), commits=literal_column("0"))
    take = first.on_conflict_do_update(
        index_elements=["scope"],
        set_={
            "epoch": t.c.epoch + literal_column("1"),
            "holder": first.excluded.holder,
            "taken_at": first.excluded.taken_at,
        },
    )
    return {
        "take_fence": take,
        "read_fence": select(t.c.epoch, t.c.commits).where(_is(t.c.scope)),
        "read_holder": select(t.c.epoch, t.c.holder).where(_is(t.c.scope)),
        # A lease of the election: its epoch counts the writes (`election/ledger.py`).
        "make_lease": first.on_conflict_do_nothing(index_elements=["scope"]),
        "write_lease": update(t)
        .where(t.c.scope == bindparam("the_scope"), t.c.epoch == bindparam("the_epoch"))
        .values(epoch=t.c.epoch + literal_column("1"), holder=bindparam("holder"), taken_at=bindparam("taken_at")),
        # Counts the transaction and checks the epoch in one statement, which also holds the row until the end.
        "pass_fence": update(t)
        .where(
            t.c.scope == bindparam("the_scope"),
            t.c.epoch == bindparam("the_epoch"),
            t.c.commits == bindparam("the_commits"),
        )
        .values(commits=t.c.commits + literal_column("1")),
    }


_RUN_KEPT = {
    "id",
    "repository",
    "workflow",
    "git_commit",
    "created_at",
    "trigger_data",
    "actor_data",
    "trigger_kind",
    "actor_name",
    "rerun_of",
}


def runs(d: Dialect) -> dict[str, Statement]:
    r, t, a = s.runs, s.steps, s.attempts
    step_keys = ("run_id", "path", "item")
    return {
        "insert_run": _insert(r),
        "update_run": _update(r, ("id",), tuple(c.name for c in r.c if c.name not in _RUN_KEPT), _OPEN),
        "insert_content": _insert(s.run_contents),
        "insert_value": d.insert_once(s.run_values, [c.name for c in s.run_values.primary_key]),
        "delete_run": delete(r).where(_is(r.c.id)),
        "insert_run_secret": _insert(s.run_secrets),
        "delete_run_secrets": delete(s.run_secrets).where(_is(s.run_secrets.c.run_id)),
        "insert_step": _insert(t),
        "update_step": _update(
            t, step_keys, tuple(n for n in rows.STEP_COLUMNS if n not in step_keys), t.c.status.not_in(_ENDS)
        ),
        "next_position": select(func.count()).select_from(t).where(_is(t.c.run_id)),
        "step_status": select(t.c.status).where(*(_is(t.c[key]) for key in step_keys)),
        # An attempt that is over may be written again only as it is.
        "save_attempt": d.upsert(
            a, lambda new: a.c.ended_at.is_(None) | ((a.c.ended_at == new.ended_at) & (a.c.status == new.status))
        ),
    }


def _items(of_step: list[ColumnElement[Any]], of_attempt: list[ColumnElement[Any]]) -> dict[str, Statement]:
    """A run without most of the items of its loops, and a page of the items of one loop with what is below them.

    `place` counts the rows of a path, so the step itself is the first of them.
    """
    t, a = s.steps, s.attempts
    place = func.row_number().over(partition_by=t.c.path, order_by=t.c.position)
    numbered = select(*of_step, t.c.position, place.label("place")).where(_is(t.c.run_id)).subquery("numbered")
    near = (numbered.c.item == literal_column("''")) | (numbered.c.place <= bindparam("places"))
    tried = numbered.join(a, _same_step(a, numbered))
    cursor = select(t.c.position).where(_is(t.c.run_id), _is(t.c.path), _is(t.c.item, "after")).scalar_subquery()
    page = (
        _is(t.c.run_id),
        _is(t.c.path),
        t.c.item != literal_column("''"),
        t.c.position > func.coalesce(cursor, literal_column("-1")),
    )
    listed = select(t.c.run_id, t.c.path, t.c.item).where(*page).order_by(t.c.position).limit(bindparam("most"))
    paged = listed.subquery("paged")
    start = func.substr(t.c.path, literal_column("1"), bindparam("length"))
    below = (_is(t.c.run_id), start == bindparam("prefix"))
    return {
        "outline_steps": select(*(numbered.c[str(c.key)] for c in of_step)).where(near).order_by(numbered.c.position),
        "outline_attempts": select(*of_attempt).select_from(tried).where(near).order_by(a.c.path, a.c.item, a.c.number),
        "item_page": select(*of_step).where(*page).order_by(t.c.position).limit(bindparam("most")),
        "item_attempts": select(*of_attempt)
        .select_from(paged.join(a, _same_step(a, paged)))
        .order_by(a.c.path, a.c.item, a.c.number),
        "steps_below": select(*of_step).where(*below).order_by(t.c.position),
        "attempts_below": select(*of_attempt)
        .select_from(t.join(a, _same_step(a, t)))
        .where(*below)
        .order_by(a.c.path, a.c.item, a.c.number),
    }


def _same_step(a: Any, t: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (a.c.run_id == t.c.run_id) & (a.c.path == t.c.path) & (a.c.item == t.c.item)
    return found


def run_secret_reads(_: Dialect) -> dict[str, Statement]:
    t = s.run_secrets
    return {"run_secrets": select(t.c.name, t.c.sealed).where(_is(t.c.run_id))}


def run_reads(_: Dialect) -> dict[str, Statement]:
    r, t, a, c = s.runs, s.steps, s.attempts, s.run_contents
    of_run, of_step, of_attempt = (
        _pick(r, rows.RUN_COLUMNS),
        _pick(t, rows.STEP_COLUMNS),
        _pick(a, rows.ATTEMPT_COLUMNS),
    )
    v = s.run_values
    # Open runs are read in chunks, oldest first: (created_at, id) after one run and up to another.
    place = tuple_(r.c.created_at, r.c.id)
    after = place > tuple_(bindparam("after_at"), bindparam("after_id"))
    chunk = (_OPEN, after, place <= tuple_(bindparam("last_at"), bindparam("last_id")))
    return {
        "run": select(*of_run).where(_is(r.c.id)),
        "run_exists": select(r.c.status).where(_is(r.c.id)),
        "steps": select(*of_step).where(_is(t.c.run_id)).order_by(t.c.position),
        "attempts": select(*of_attempt).where(_is(a.c.run_id)).order_by(a.c.path, a.c.item, a.c.number),
        "step": select(*of_step).where(*(_is(t.c[key]) for key in ("run_id", "path", "item"))),
        "step_attempts": select(*of_attempt)
        .where(*(_is(a.c[key]) for key in ("run_id", "path", "item")))
        .order_by(a.c.number),
        **_items(of_step, of_attempt),
        "plan": select(c.c.plan).where(_is(c.c.run_id)),
        "plan_digest": select(c.c.plan_digest).where(_is(c.c.run_id)),
        "definition": select(c.c.definition).where(_is(c.c.run_id)),
        "open_runs": select(*of_run).where(_OPEN, after).order_by(r.c.created_at, r.c.id).limit(bindparam("most")),
        "open_steps": select(*of_step).join_from(r, t).where(*chunk).order_by(t.c.run_id, t.c.position),
        "open_attempts_of": select(*of_attempt)
        .join_from(r, a)
        .where(*chunk)
        .order_by(a.c.run_id, a.c.path, a.c.item, a.c.number),
        "open_plans": select(c.c.run_id, c.c.plan).join_from(r, c).where(*chunk),
        "open_attempts": select(*of_attempt)
        .where(a.c.ended_at.is_(None))
        .order_by(a.c.run_id, a.c.path, a.c.item, a.c.number),
        # Only counted as far as it matters: the rows of a common value are many.
        "count_value": select(func.count()).select_from(
            select(v.c.run_id)
            .where(_is(v.c.kind), _is(v.c.name), _is(v.c.value))
            .limit(bindparam("most"))
            .subquery("some")
        ),
        "count_open": select(func.count()).select_from(r).where(_OPEN),
        "ended_before": select(r.c.id)
        .where(~_OPEN, r.c.created_at < bindparam("before"))
        .order_by(r.c.created_at, r.c.id)
        .limit(bindparam("most")),
        "ended_before_of": select(r.c.id)
        .where(_is(r.c.repository), _is(r.c.workflow), ~_OPEN, r.c.created_at < bindparam("before"))
        .order_by(r.c.created_at, r.c.id)
        .limit(bindparam("most")),
    }


def triggers(d: Dialect) -> dict[str, Statement]:
    f, sc, dl, ik, m = s.firings, s.schedules, s.deliveries, s.idempotency_keys, s.marks
    one = [_is(sc.c.repository), _is(sc.c.workflow), _is(sc.c.trigger_name)]
    return {
        "insert_firing": d.insert_once(f, ["repository", "workflow", "trigger_name", "firing_key"], without=("id",)),
        "firings": select(f)
        .where(_is(f.c.repository), _is(f.c.workflow), f.c.id < bindparam("before"))
        .order_by(f.c.id.desc())
        .limit(bindparam("most")),
        "prune_firings": delete(f).where(f.c.created_at < bindparam("before")),
        "set_schedule": d.upsert(sc),
        "delete_schedule": delete(sc).where(*one),
        "delete_schedules": delete(sc).where(_is(sc.c.repository)),
        "schedules": select(sc).order_by(sc.c.repository, sc.c.workflow, sc.c.trigger_name),
        "remember_delivery": d.upsert(dl),
        "find_delivery": select(dl.c.answer).where(
            _is(dl.c.scope), _is(dl.c.delivery_id), dl.c.created_at >= bindparam("since")
        ),
        "prune_deliveries": delete(dl).where(dl.c.created_at < bindparam("before")),
        "insert_idempotency": d.upsert(ik),
        "find_idempotency": select(ik.c.run_id, ik.c.body_digest).where(
            _is(ik.c.scope), _is(ik.c.client_key), ik.c.created_at >= bindparam("since")
        ),
        "prune_idempotency": delete(ik).where(ik.c.created_at < bindparam("before")),
        "set_mark": d.upsert(m),
        "delete_mark": delete(m).where(_is(m.c.scope), _is(m.c.name)),
        "marks": select(m.c.name, m.c.value).where(_is(m.c.scope)).order_by(m.c.name),
    }


def sources(d: Dialect) -> dict[str, Statement]:
    r, df = s.repositories, s.definitions
    every = select(df).order_by(df.c.repository, df.c.name)
    return {
        "save_repository": d.upsert(r),
        # An activation says the commit; the report that follows it says the rest.
        "set_commit": d.upsert(r, keep=("url", "branch", "conditions", "problems")),
        "delete_repository": delete(r).where(_is(r.c.name)),
        "repositories": select(r).order_by(r.c.name),
        "repository": select(r).where(_is(r.c.name)),
        "save_definition": d.upsert(df),
        "delete_definition": delete(df).where(_is(df.c.repository), _is(df.c.name)),
        "delete_definitions": delete(df).where(_is(df.c.repository)),
        "definitions": every,
        "definitions_of": every.where(_is(df.c.repository)),
        "definition_of": select(df).where(_is(df.c.repository), _is(df.c.name)),
    }


def records(d: Dialect) -> dict[str, Statement]:
    e, a, t = s.events, s.audit, s.tokens
    return {
        "insert_event": d.numbered(e),
        "events_after": select(e.c.cursor, e.c.kind, e.c.data)
        .where(e.c.cursor > bindparam("after"))
        .order_by(e.c.cursor)
        .limit(bindparam("most")),
        "oldest_event": select(func.min(e.c.cursor)),
        "newest_event": select(func.max(e.c.cursor)),
        "prune_events": delete(e).where(e.c.at < bindparam("before")),
        "insert_audit": d.numbered(a),
        "audit": select(a).where(a.c.id < bindparam("before")).order_by(a.c.id.desc()).limit(bindparam("most")),
        "prune_audit": delete(a).where(a.c.at < bindparam("before")),
        "insert_token": _insert(t),
        "delete_token": delete(t).where(_is(t.c.id)),
        "tokens": select(t).order_by(t.c.created_at, t.c.id),
        "token_by_hash": select(t).where(_is(t.c.hash)),
    }


def caches(d: Dialect) -> dict[str, Statement]:
    o, c = s.cached_outputs, s.caches
    one = (_is(c.c.repository), _is(c.c.paths), _is(c.c.cache_key))
    same = [_is(o.c[name]) for name in ("repository", "workflow", "step", "cache_key", "shape")]
    return {
        "keep_outputs": d.upsert(o, where=lambda new: o.c.expires_at <= new.created_at),
        "kept_outputs": select(o.c.outputs, o.c.run_id, o.c.created_at).where(*same),
        "prune_outputs": delete(o).where(o.c.expires_at < bindparam("before")),
        "insert_cache": d.insert_once(c, ["repository", "paths", "cache_key"]),
        "use_cache": _update(c, ("repository", "paths", "cache_key"), ("used_at",)),
        "delete_cache": delete(c).where(*one),
        "cache": select(c).where(*one),
        "caches": select(c).where(_is(c.c.repository)).order_by(c.c.created_at.desc(), c.c.paths, c.c.cache_key),
        "every_cache": select(c).order_by(c.c.repository, c.c.paths, c.c.cache_key),
    }


def own_secrets(d: Dialect) -> dict[str, Statement]:
    t = s.own_secrets
    place = ("owner", "environment", "name")
    one = [_is(t.c[name]) for name in place]
    return {
        "own_secret": select(t).where(*one),
        "own_secrets": select(t),
        "own_secrets_of_other_keys": select(t).where(t.c.key_id != bindparam("key_id")).limit(bindparam("most")),
        "own_secret_keys": select(t.c.key_id).distinct(),
        "put_own_secret": d.upsert(t),
        "delete_own_secret": delete(t).where(*one),
        "rewrap_own_secret": _update(t, (*place, "version"), ("key_id", "wrapped")),
    }


TOPICS = {
    "fences": fences,
    "runs": runs,
    "run_reads": run_reads,
    "run_secrets": run_secret_reads,
    "triggers": triggers,
    "sources": sources,
    "records": records,
    "caches": caches,
    "own_secrets": own_secrets,
}
