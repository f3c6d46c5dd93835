"""Open a ledger: connect, and bring an empty or older one to this program's schema.

In: a database URL. Out: a `Database` that makes connections. An up-to-date or empty ledger costs neither SQLAlchemy
nor Alembic; an older one is migrated in one transaction, a newer one is refused (catalogue D04), and so is a
database of something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from windlass.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from windlass.store.connection import Connection

VERSION_TABLE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"  # noqa: E501 - as Alembic makes it


@dataclass(frozen=True, slots=True)
class Database:
    """Where the ledger is. `sql` holds the fixed statements in its dialect, by name."""

    url: str
    dialect: str
    sql: Mapping[str, str]

    def connect(self, *, create: bool = False, read_only: bool = False) -> Connection:
        """Raises Fault when the database cannot be reached."""
        if self.dialect == "sqlite":
            from windlass.store.sqlite import SqliteConnection

            return SqliteConnection(file_of(self.url), create=create, read_only=read_only)
        from windlass.store.postgresql import PostgresConnection

        return PostgresConnection(self.url, read_only=read_only)


def database(url: str) -> Database:
    """Raises UsageError when the URL is of no kind we know."""
    if url.startswith("sqlite:///") and url != "sqlite:///":
        from windlass.store.compiled.sqlite import SQL

        return Database(url, "sqlite", SQL)
    if url.startswith(("postgresql://", "postgres://")):
        from windlass.store.compiled.postgresql import SQL as POSTGRESQL

        _check_quoting(url)

        return Database("postgresql://" + url.partition("://")[2], "postgresql", POSTGRESQL)
    raise UsageError(
        "the database URL is neither SQLite nor PostgreSQL",
        hint="sqlite:///folder/ledger.db or postgresql://user@host/database",
    )


def _check_quoting(url: str) -> None:
    """A password that is not quoted well ends up in other parts of the URL, and those are shown in messages."""
    rest = url.partition("://")[2]
    host = re.split("[/?#]", rest)[0]
    if rest.count("@") > host.count("@") or host.count("@") > 1 or re.search("%(?![0-9A-Fa-f]{2})", rest):
        raise UsageError(
            "the database URL cannot be read: its user, password or options are not percent-encoded",
            hint="write @ as %40, / as %2F, % as %25",
        )


def file_of(url: str) -> str:
    """`sqlite:///relative` or `sqlite:////absolute`."""
    return unquote(url.removeprefix("sqlite:///"))


def bring_up(where: Database) -> Connection | None:
    """Make or migrate the schema if need be. Raises LedgerError; the database is then as it was.

    The connection is handed on when it is still open: closing the last one makes SQLite tidy up, which takes longer
    than making the schema did.
    """
    schema, versions = _schema(where.dialect)
    connection = where.connect(create=True)
    try:
        version = _version(connection)
        if version is None:
            version = _make(connection, schema, versions[-1])
        if version == versions[-1]:
            return connection
    except BaseException:
        connection.close()
        raise
    connection.close()
    if version not in versions:
        raise LedgerError(
            f"the ledger has schema {version}, which this version of Windlass does not know: it was made by a newer "
            "one. Use that version, or restore a backup from before the upgrade"
        )
    from windlass.store.migrate import upgrade

    upgrade(where.url)
    return None


def _schema(dialect: str) -> tuple[Sequence[str], Sequence[str]]:
    if dialect == "sqlite":
        from windlass.store.compiled.sqlite_schema import SCHEMA, VERSIONS

        return SCHEMA, VERSIONS
    from windlass.store.compiled.postgresql_schema import SCHEMA as MADE
    from windlass.store.compiled.postgresql_schema import VERSIONS as KNOWN

    return MADE, KNOWN


def _version(connection: Connection) -> str | None:
    """The schema's version; None for an empty database."""
    tables = connection.tables()
    if not tables:
        return None
    found = connection.rows("SELECT version_num FROM alembic_version", {}) if "alembic_version" in tables else []
    if not found:
        raise LedgerError("the database holds tables of something else; Windlass needs one of its own")
    return str(found[0][0])


def _make(connection: Connection, schema: Sequence[str], version: str) -> str:
    """Make the tables in one transaction; somebody else may be faster, then theirs count."""
    connection.begin()
    try:
        connection.lock_schema()
        found = _version(connection)
        if found is None:
            stamp = f"INSERT INTO alembic_version (version_num) VALUES ('{version}')"  # noqa: S608 - ours
            connection.script([*schema, VERSION_TABLE, stamp])
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return found or version
