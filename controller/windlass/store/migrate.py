"""Alembic from inside the installed package: older ledgers are brought to this program's schema, or one step back.

In: a way to connect. Out: a migrated database. Everything happens in one transaction, the version stamp included,
on both databases: a process that dies in the middle has changed nothing. Imported only when there is something to
migrate.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from windlass.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "migrations"
SCHEMA_LOCK = 0x77696E64  # the same as in postgresql.py: one migration at a time


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def known_versions() -> list[str]:
    """Every schema version this program can read or migrate, oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def upgrade(url: str, target: str = "head") -> None:
    """Raises LedgerError; the ledger is then as it was."""
    with _connected(url) as config:
        command.upgrade(config, target)


def downgrade(url: str, target: str = "-1") -> None:
    """Back to the schema of the version before, so that it can go on with this ledger (promise R33)."""
    with _connected(url) as config:
        command.downgrade(config, target)


@contextmanager
def _connected(url: str) -> Iterator[Config]:
    config = _config()
    engine = alchemy_engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))
            config.attributes["connection"] = connection
            yield config
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise LedgerError(f"the ledger could not be migrated, it is as it was: {error}") from error
    finally:
        engine.dispose()


def alchemy_engine(url: str) -> sqlalchemy.Engine:
    """A SQLAlchemy engine on the ledger, whose transactions include schema changes on SQLite too."""
    if url.startswith("sqlite:"):
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_at_once)
        return engine
    return sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool)


def _leave_transactions_to_us(raw: Any, _: Any) -> None:
    raw.isolation_level = None  # else the driver would not put schema changes into the transaction


def _begin_at_once(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
