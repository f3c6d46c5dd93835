"""std/sql in SQLite and in a real PostgreSQL: values bound, rows bounded, every refusal in one line."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.postgres import Postgres

if TYPE_CHECKING:
    from tests.actions_library.conftest import Act

NASTY = "'); DROP TABLE t; -- \\ \" :a %s ü\n"
SECRET = "s3cr3t-value"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="windlass-sql-", dir="/tmp"))  # short: it holds a socket
    server = Postgres(folder)
    server.start()
    yield server.url("postgres")
    server.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return "sqlite:shop.db"
    url: str = request.getfixturevalue("postgresql")
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS t")
    return url


def rows(done: Any) -> Any:
    assert done.code == 0, done.log
    return json.loads(done.outputs["rows"])


def test_values_are_bound(act: Act, database: str) -> None:
    assert act("sql", database=database, statement="CREATE TABLE t (name text, n integer, f float)").outputs == {
        "rows": "[]",
        "count": "0",
    }
    put = "INSERT INTO t (name, n, f) VALUES (:name, :n, 1.5), ('100% :n', NULL, NULL) -- :other"
    assert (
        act("sql", database=database, statement=put, values={"name": NASTY, "n": 2, "unused": 1}).outputs["count"]
        == "2"
    )
    done = act(
        "sql",
        database=database,
        statement='SELECT name, n AS "a:b", f FROM t WHERE name <> :x ORDER BY n',
        values={"x": "'"},
    )
    found = sorted(rows(done), key=str)
    assert found == sorted([{"name": NASTY, "a:b": 2, "f": 1.5}, {"name": "100% :n", "a:b": None, "f": None}], key=str)
    assert done.outputs["count"] == "2"
    assert act("sql", database=database, statement="UPDATE t SET n = 7").outputs["count"] == "2"


def test_values_that_are_json(act: Act, database: str) -> None:
    cast = "CAST(:v AS text)"
    assert rows(act("sql", database=database, statement=f"SELECT {cast} AS v", values={"v": {"a": [1]}})) == [
        {"v": '{"a": [1]}'}
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"statement": "SELECT * FROM nowhere"}, "nowhere"),
        ({"statement": "SELEC"}, "syntax error"),
        ({"statement": "SELECT :a, :b", "values": {"a": 1}}, "values: there is no b, which the statement names"),
        ({"statement": "SELECT 1 AS a, 2 AS a"}, "two columns have the same name"),
        ({"statement": "CREATE TABLE u (a integer)", "read-only": True}, "read"),
    ],
)
def test_what_is_refused(act: Act, database: str, given: dict[str, Any], said: str) -> None:
    act("sql", database=database, statement="CREATE TABLE t (a integer)")
    done = act("sql", database=database, **given)
    assert said in done.said
    assert done.outputs == {}


def test_rows_without_an_end(act: Act, database: str) -> None:
    endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 100000000) SELECT n FROM r"
    if database.startswith("postgresql"):
        endless = "SELECT generate_series(1, 1000000000) AS n"
    assert "longer than 1 MiB" in act("sql", database=database, statement=endless, memory=400 << 20).said


def test_a_statement_that_takes_too_long(act: Act, database: str) -> None:
    slow = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r"
    if database.startswith("postgresql"):
        slow = "SELECT pg_sleep(60)::text"
    said = act("sql", database=database, statement=slow, timeout="300ms").said
    assert "not done within 300ms" in said or "statement timeout" in said


def test_types_that_json_does_not_know(act: Act, postgresql: str) -> None:
    statement = (
        "SELECT DATE '2026-12-24' AS d, 1.10::numeric AS n, '{\"a\": 1}'::jsonb AS j, "
        "'x'::bytea AS b, 'NaN'::float AS f, ARRAY[1] AS a"
    )
    expected = {"d": "2026-12-24", "n": "1.10", "j": {"a": 1}, "b": "78", "f": "nan", "a": [1]}
    assert rows(act("sql", database=postgresql, statement=statement)) == [expected]


def test_a_file_that_is_not_there(act: Act, tmp_path: Path) -> None:
    for path in ("../x.db", f"{tmp_path}/none/x.db"):
        assert act("sql", database=f"sqlite:{path}", statement="SELECT 1").code == 1
    assert "unable to open" in act("sql", database="sqlite:x.db", statement="SELECT 1", **{"read-only": True}).said
    (act.folder / "text.db").write_text("no database " * 100)
    assert "not a database" in act("sql", database="sqlite:text.db", statement="SELECT * FROM t").said


def test_a_database_that_is_busy(act: Act) -> None:
    connection = sqlite3.connect(act.folder / "x.db", isolation_level=None)
    connection.execute("CREATE TABLE t (a)")
    connection.execute("BEGIN EXCLUSIVE")
    said = act("sql", database="sqlite:x.db", statement="INSERT INTO t VALUES (1)", timeout="200ms").said
    connection.close()
    assert "database is locked" in said


def test_postgresql_that_is_not_there(act: Act, free_port: int, tmp_path: Path) -> None:
    done = act("sql", database=f"postgresql://ada@127.0.0.1:{free_port}/x", password=SECRET, statement="SELECT 1")
    assert "PostgreSQL: connection failed" in done.said
    assert SECRET not in done.log
    done = act("sql", database=f"postgresql://ada:{SECRET}@127.0.0.1/x", statement="SELECT 1")
    assert "database holds a password" in done.said
    assert SECRET not in done.log
    (tmp_path / "psycopg.py").write_text("raise ImportError")
    done = act("sql", database="postgresql://127.0.0.1/x", statement="SELECT 1", env={"PYTHONPATH": str(tmp_path)})
    assert "pip install 'psycopg[binary]'" in done.said
