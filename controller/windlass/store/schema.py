"""The tables, for both databases: the one truth that migrations, compiled statements and list queries are made from.

In: nothing. Out: SQLAlchemy tables. Imported by migrations, `compile.py` and the lists of the web alone: it costs 0.2
s. Times are integer milliseconds, JSON is text, flags are 0 or 1, so that both databases hold the same values. Every
change here is a new file in `migrations/versions` and a new run of `python -m windlass.store.compile`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.sql.elements import ColumnElement

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _counter(name: str) -> Column[int]:
    """A number the database gives out, which never comes back after a deletion."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _run() -> Column[str]:
    return Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


# Who may write. `commits` counts a scope's transactions: it tells whether a commit whose answer was lost took place.
fences = Table(
    "fences",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    _text("holder"),
    _time("taken_at"),
    Column("commits", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    _text("repository"),
    _text("workflow"),
    _text("git_commit", null=True),
    _text("status"),
    _text("cause", null=True),
    _text("message", null=True),
    _text("inputs"),
    _text("outputs"),
    _text("title", null=True),
    _text("labels"),
    _text("trigger_data"),
    _text("actor_data"),
    _text("rerun_of", null=True),
    _time("created_at"),
    _time("started_at", null=True),
    _time("ended_at", null=True),
    _time("cancel_at", null=True),
    _text("cancel_cause", null=True),
    Column("killed", SmallInteger, nullable=False),
    _text("phase"),
    _text("result", null=True),
    # Derived from the columns above, for indexes.
    Column("is_open", SmallInteger, nullable=False),
    _text("trigger_kind", null=True),
    _text("actor_name", null=True),
)
_OPEN: ColumnElement[bool] = literal_column("is_open = 1")
Index("ix_runs_newest", runs.c.created_at, runs.c.id)
Index("ix_runs_workflow", runs.c.repository, runs.c.workflow, runs.c.created_at, runs.c.id)
Index("ix_runs_repository", runs.c.repository, runs.c.created_at, runs.c.id)
Index("ix_runs_status", runs.c.status, runs.c.created_at, runs.c.id)
Index("ix_runs_git_commit", runs.c.git_commit, runs.c.created_at, runs.c.id)
Index("ix_runs_actor_name", runs.c.actor_name, runs.c.created_at, runs.c.id)
Index("ix_runs_trigger_kind", runs.c.trigger_kind, runs.c.created_at, runs.c.id)
Index("ix_runs_open", runs.c.created_at, runs.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

# Big and seldom read: apart, so that lists stay small.
run_contents = Table(
    "run_contents",
    metadata,
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("plan", LargeBinary, nullable=False),
    _text("plan_digest"),
    Column("definition", LargeBinary, nullable=False),
)

# Sealed by a key that the ledger does not have; gone with the end of the run.
run_secrets = Table(
    "run_secrets",
    metadata,
    _run(),
    _text("name"),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("run_id", "name"),
    sqlite_with_rowid=False,
)

# The server's own store of secrets: each value sealed by a key of its own, and that by one which the ledger does not
# have. `owner`: `tenant:NAME`, `repository:NAME` or `user:NAME`; `environment`: "" for any.
own_secrets = Table(
    "own_secrets",
    metadata,
    _text("owner"),
    _text("environment"),
    _text("name"),
    Column("version", Integer, nullable=False),
    _text("key_id"),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _time("updated_at"),
    _text("updated_by"),
    PrimaryKeyConstraint("owner", "environment", "name"),
    sqlite_with_rowid=False,
)

# Labels and inputs by value. The time stands here too, so that one index walk gives the newest first.
run_values = Table(
    "run_values",
    metadata,
    _text("kind"),
    _text("name"),
    _text("value"),
    _time("created_at"),
    _run(),
    PrimaryKeyConstraint("kind", "name", "value", "created_at", "run_id"),
    sqlite_with_rowid=False,
)
Index("ix_run_values_run_id", run_values.c.run_id)

steps = Table(
    "steps",
    metadata,
    _run(),
    _text("path"),
    _text("item"),
    Column("position", Integer, nullable=False),
    _text("status"),
    _text("cause", null=True),
    _text("message", null=True),
    _text("outputs"),
    _time("retry_at", null=True),
    _time("started_at", null=True),
    _time("ended_at", null=True),
    Column("looped", Integer, nullable=False),
    _text("detail", null=True),
    PrimaryKeyConstraint("run_id", "path", "item"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    _run(),
    _text("path"),
    _text("item"),
    Column("number", Integer, nullable=False),
    _text("status"),
    _text("cause", null=True),
    _text("message", null=True),
    Column("exit_code", Integer, nullable=True),
    _time("created_at"),
    _time("started_at", null=True),
    _time("ended_at", null=True),
    _text("handle", null=True),
    _text("stop_reason", null=True),
    _time("stop_at", null=True),
    _text("detail", null=True),
    PrimaryKeyConstraint("run_id", "path", "item", "number"),
    sqlite_with_rowid=False,
)
_RUNNING: ColumnElement[bool] = literal_column("ended_at IS NULL")
Index("ix_attempts_open", attempts.c.run_id, sqlite_where=_RUNNING, postgresql_where=_RUNNING)

firings = Table(
    "firings",
    metadata,
    _counter("id"),
    _text("repository"),
    _text("workflow"),
    _text("trigger_name"),
    _text("firing_key"),
    _time("scheduled_at", null=True),
    _text("run_id", null=True),  # no foreign key: the firing outlives its run, so that no tick fires again
    _text("reason", null=True),
    _time("created_at"),
    UniqueConstraint("repository", "workflow", "trigger_name", "firing_key", name="uq_firings_once"),
    sqlite_autoincrement=True,
)
Index("ix_firings_newest", firings.c.repository, firings.c.workflow, firings.c.id)
Index("ix_firings_created_at", firings.c.created_at)

schedules = Table(
    "schedules",
    metadata,
    _text("repository"),
    _text("workflow"),
    _text("trigger_name"),
    _text("spec_digest"),
    _time("next_at", null=True),
    _time("last_at"),
    PrimaryKeyConstraint("repository", "workflow", "trigger_name"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("scope"),
    _text("delivery_id"),
    _text("answer"),
    _time("created_at"),
    PrimaryKeyConstraint("scope", "delivery_id"),
)
Index("ix_deliveries_created_at", deliveries.c.created_at)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _text("scope"),
    _text("client_key"),
    _text("body_digest"),
    _text("run_id"),
    _time("created_at"),
    PrimaryKeyConstraint("scope", "client_key"),
)
Index("ix_idempotency_keys_created_at", idempotency_keys.c.created_at)

# What a loop has to know after a restart: scope `chain`, ended runs that others wait for; `tags`, a repository's tags.
marks = Table(
    "marks",
    metadata,
    _text("scope"),
    _text("name"),
    _text("value"),
    PrimaryKeyConstraint("scope", "name"),
)

# Outputs that a step reuses while its key is known. `shape` tells declarations apart: old outputs must fit new ones.
cached_outputs = Table(
    "cached_outputs",
    metadata,
    _text("repository"),
    _text("workflow"),
    _text("step"),
    _text("cache_key"),
    _text("shape"),
    _text("outputs"),
    _text("run_id"),  # no foreign key: they may outlive the run that made them
    _time("created_at"),
    _time("expires_at"),
    PrimaryKeyConstraint("repository", "workflow", "step", "cache_key", "shape"),
)
Index("ix_cached_outputs_expires_at", cached_outputs.c.expires_at)

# Folders kept between runs; the archive is in the object store.
caches = Table(
    "caches",
    metadata,
    _text("repository"),
    _text("paths"),  # a digest
    _text("cache_key"),
    _text("object"),
    Column("size", BigInteger, nullable=False),
    _time("created_at"),
    _time("used_at"),
    PrimaryKeyConstraint("repository", "paths", "cache_key"),
)

repositories = Table(
    "repositories",
    metadata,
    Column("name", Text, primary_key=True),
    _text("url"),
    _text("branch", null=True),
    _text("git_commit", null=True),
    _text("conditions"),
    _text("problems"),
    _time("updated_at"),
)

definitions = Table(
    "definitions",
    metadata,
    _text("repository"),
    _text("name"),
    _text("path"),
    _text("git_commit"),
    _text("title", null=True),
    Column("content", LargeBinary, nullable=False),
    Column("settings", LargeBinary, nullable=False),
    Column("source", LargeBinary, nullable=False),
    _text("digest"),
    Column("stale", SmallInteger, nullable=False),
    Column("uses", LargeBinary, nullable=True),
    PrimaryKeyConstraint("repository", "name"),
)

events = Table(
    "events",
    metadata,
    _counter("cursor"),
    _time("at"),
    _text("kind"),
    _text("subject"),
    _text("data"),
    sqlite_autoincrement=True,
)
Index("ix_events_at", events.c.at)

audit = Table(
    "audit",
    metadata,
    _counter("id"),
    _time("at"),
    _text("actor_data"),
    _text("action"),
    _text("object"),
    _text("value_before", null=True),
    _text("value_after", null=True),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("hash"),
    _time("created_at"),
    _time("expires_at", null=True),
    UniqueConstraint("hash"),
)
