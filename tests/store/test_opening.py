"""A ledger is opened: new, up to date, old, too new, of something else; and what that costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from windlass.errors import LedgerError, UsageError
from windlass.store import migrate
from windlass.store.compiled.sqlite_schema import VERSIONS
from windlass.store.ledger import Ledger
from windlass.store.opening import database
from windlass.store.schema import metadata


@contextmanager
def connected(url: str) -> Iterator[sqlalchemy.Connection]:
    engine = migrate.alchemy_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def shape(url: str) -> dict[str, Any]:
    """Everything about the tables that the database tells."""
    with connected(url) as connection:
        look = sqlalchemy.inspect(connection)
        return {
            table: {
                "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)],
                "key": look.get_pk_constraint(table),
                "foreign": look.get_foreign_keys(table),
                "unique": look.get_unique_constraints(table),
                "indexes": sorted(str(plain(index)) for index in look.get_indexes(table)),
                "options": look.get_table_options(table),
            }
            for table in look.get_table_names()
        }


def plain(told: Any) -> Any:
    """Without the objects that compare by identity."""
    if isinstance(told, dict):
        return {key: plain(value) for key, value in told.items()}
    return str(told)


def test_compiled_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "windlass.store.compile", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_new_ledger_is_what_migrations_make_and_what_the_schema_says(url) -> None:
    Ledger.open(url).close()
    made = shape(url)
    migrate.downgrade(url, "base")
    assert list(shape(url)) == ["alembic_version"]
    migrate.upgrade(url)
    assert shape(url) == made
    with connected(url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert set(made) == {*metadata.tables, "alembic_version"}


def test_a_new_ledger_needs_no_sqlalchemy(url, python) -> None:
    """It costs as much to import as forty steps cost to run."""
    script = """
import sys
from dataclasses import replace
from windlass.store.ledger import Ledger
from windlass.runs.model import RunHead, Status, Step, StepKey
for _ in range(2):  # a new one, then one that is there
    ledger = Ledger.open(sys.argv[1])
    ledger.writer.take_over("me", 1)
    head = RunHead(f"r{_}", "shop", "deploy", None)
    step = Step(StepKey("a"))
    ledger.writer.write(lambda tx: tx.insert_run(head, b"{}", "d", "t", [step]))
    ledger.writer.write(lambda tx: tx.save_steps(head.id, [replace(step, status=Status.RUNNING)]))
    assert len(list(ledger.reads.open_runs())) == _ + 1
    ledger.reads.definitions(), ledger.reads.schedules(), ledger.reads.events_after(0)
    ledger.close()
print([name for name in ("sqlalchemy", "alembic", "psycopg", "sqlite3") if name in sys.modules])
"""
    done = python(script, url)
    assert done.stdout.strip() == ("['sqlite3']" if url.startswith("sqlite") else "['psycopg']"), done.stderr


def test_opening_again_keeps_everything(open_ledger, runs) -> None:
    first = open_ledger()
    first.writer.take_over("me", 1)
    head = runs.insert(first)
    first.close()
    assert open_ledger().reads.run(head.id) == head


def test_a_ledger_that_many_open_at_once_is_made_once(url) -> None:
    with ThreadPoolExecutor(6) as pool:
        for ledger in pool.map(lambda _: Ledger.open(url), range(6)):
            ledger.close()
    with connected(url) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1


def test_a_newer_schema_is_refused_and_left_alone(url) -> None:
    """D04."""
    Ledger.open(url).close()
    stamp(url, "9999")
    with pytest.raises(LedgerError, match="made by a newer one"):
        Ledger.open(url)
    with connected(url) as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


def test_a_database_of_something_else_is_refused_and_left_alone(url) -> None:
    with connected(url) as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INTEGER)")
    with pytest.raises(LedgerError, match="something else"):
        Ledger.open(url)
    assert list(shape(url)) == ["customers"]


def test_an_older_ledger_is_migrated(url) -> None:
    Ledger.open(url).close()
    made = shape(url)
    migrate.downgrade(url, "base")
    stamp(url, VERSIONS[0])  # as far as its version says, there is nothing to do
    assert list(shape(url)) == ["alembic_version"]
    with connected(url) as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    migrate.upgrade(url)
    assert shape(url) == made


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_a_migration_that_dies_at_any_statement_has_changed_nothing(url, direction) -> None:
    """D04. The process is gone at the n-th statement; what it did not commit was never there."""
    Ledger.open(url).close()
    if direction == "upgrade":
        migrate.downgrade(url, "base")
    before = shape(url)
    for number in (1, 7, 25):
        script = f"""
import itertools, os, sys
import sqlalchemy
from windlass.store import migrate
count = itertools.count(1)
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
def die(connection, cursor, statement, *rest):
    if statement.split()[0] in ("CREATE", "DROP") and next(count) == {number}:
        os._exit(9)
migrate.{direction}(sys.argv[1], {'"head"' if direction == "upgrade" else '"base"'})
"""
        done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=False)
        assert done.returncode == 9, done.stderr
        assert shape(url) == before
    migrate.upgrade(url)
    Ledger.open(url).close()


def test_a_new_ledger_whose_maker_dies_is_made_by_the_next(url, python) -> None:
    script = """
import os, sys
from windlass.store import opening
where = opening.database(sys.argv[1])
connection = where.connect(create=True)
connection.begin()
connection.lock_schema()
connection.script(opening._schema(where.dialect)[0][:9])
os._exit(9)
"""
    assert python(script, url).returncode == 9
    with Ledger.open(url) as ledger:
        assert ledger.reads.count_open() == 0


@pytest.mark.parametrize("wrong", ["", "ledger.db", "sqlite://", "sqlite:///", "mysql://x/y", "postgres:/x"])
def test_a_url_of_another_kind_is_wrong_use(wrong) -> None:
    with pytest.raises(UsageError):
        Ledger.open(wrong)


@pytest.mark.parametrize("secret", ["p@hunter2", "hunter2%zz", "p/hunter2", "p?hunter2@", "hunter2%"])
def test_a_password_that_is_not_quoted_is_never_shown(secret) -> None:
    with pytest.raises(UsageError) as failed:
        Ledger.open(f"postgresql://someone:{secret}@localhost/x")
    assert "hunter2" not in f"{failed.value} {failed.value.hint}"


def stamp(url: str, version: str) -> None:
    connection = database(url).connect()
    connection.begin()
    connection.change("DELETE FROM alembic_version", {})
    connection.change(f"INSERT INTO alembic_version (version_num) VALUES ('{version}')", {})
    connection.commit()
    connection.close()
