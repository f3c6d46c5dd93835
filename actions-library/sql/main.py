"""One statement, its values bound and never pasted, its rows as JSON."""

import json
import os
import re
import sys
import time
from urllib.parse import urlsplit

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = 1 << 20  # bytes of the output `rows`, as declared
MISSING = (
    "PostgreSQL needs the package psycopg where this step runs: pip install 'psycopg[binary]', or an image that has it"
)
# What is no `:name`: strings, quoted names, remarks, casts.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_][A-Za-z0-9_]*)|%", re.DOTALL)


class Failed(Exception):
    """What is wrong, for the one line that people read."""


class Missing(Failed):
    """What is not installed: the step is then errored, not failed."""

    def __init__(self, said):
        super().__init__(said)
        with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
            file.write(f"windlass.errored=tool-missing: {said}\n")


def seconds(text):
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", text))


def plain(value):
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)  # noqa: PLR0124 (NaN)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {name: plain(one) for name, one in value.items()} if isinstance(value, dict) else str(value)


def bound(given):
    """Values by name; lists and objects as JSON text."""
    found = given.get("values") or {}
    used = {match[1] for match in TOKEN.finditer(given["statement"]) if match[1]}
    missing = sorted(used - found.keys())
    if missing:
        raise Failed(f"values: there is no {', '.join(missing)}, which the statement names")
    return {name: json.dumps(v) if isinstance(v, dict | list) else v for name, v in found.items() if name in used}


def rows_of(cursor):
    """Bounded: reading stops where no output would hold more."""
    names, rows, size = [column[0] for column in cursor.description], [], 2
    if len(set(names)) < len(names):
        raise Failed(f"two columns have the same name: {', '.join(names)}; rename one with AS")
    for row in cursor:
        rows.append({name: plain(value) for name, value in zip(names, row, strict=True)})
        size += len(json.dumps(rows[-1], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) + 1
        if size > LONGEST:
            raise Failed("the rows are longer than 1 MiB, which is all that the output rows holds: select less")
    return rows


def in_sqlite(given, limit):
    import sqlite3
    from urllib.parse import quote

    path = given["database"].removeprefix("sqlite:")
    if not os.path.isabs(path) and not os.path.realpath(path).startswith(os.path.realpath(".") + "/"):
        raise Failed(f"database: {path} leads out of the working directory; write an absolute path for another place")
    mode = "ro" if given.get("read-only") else "rwc"
    ends = time.monotonic() + limit
    try:
        connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode={mode}", timeout=limit, uri=True)
        connection.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
        try:
            with connection:
                cursor = connection.execute(given["statement"], bound(given))
                rows = rows_of(cursor) if cursor.description else []
                return rows, len(rows) if cursor.description else max(cursor.rowcount, 0)
        finally:
            connection.close()
    except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
        late = "interrupted" in str(error)
        raise Failed(f"not done within {given.get('timeout')}" if late else f"SQLite: {error}") from None


def in_postgresql(given, limit):
    try:
        import psycopg
    except ImportError:
        raise Missing(MISSING) from None
    url = given["database"]
    if urlsplit(url).password is not None:
        raise Failed("database holds a password, which logs would show: use password")
    options = {"connect_timeout": max(1, round(limit)), "application_name": "windlass"}
    if os.environ.get("INPUT_PASSWORD"):
        options["password"] = os.environ["INPUT_PASSWORD"]
    names = bound(given)
    statement = TOKEN.sub(
        lambda found: f"%({found[1]})s" if found[1] else found[0].replace("%", "%%"), given["statement"]
    )
    try:
        with psycopg.connect(url, **options) as connection:
            connection.read_only = bool(given.get("read-only"))
            connection.execute(f"SET LOCAL statement_timeout = {max(1, int(limit * 1000))}")
            name = "windlass" if re.match(r"\s*(select|values|table)\b", statement, re.IGNORECASE) else ""
            # On the server: of a table of millions only as much is fetched as is looked at.
            with connection.cursor(name) if name else connection.cursor() as cursor:
                cursor.execute(statement, names)
                rows = rows_of(cursor) if cursor.description else []
                return rows, len(rows) if cursor.description else max(cursor.rowcount, 0)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise Failed(f"PostgreSQL: {said[:500] or type(error).__name__}") from None


def main():
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        given = json.load(file)
    started = time.monotonic()
    run = in_sqlite if given["database"].startswith("sqlite:") else in_postgresql
    try:
        rows, count = run(given, max(seconds(given.get("timeout") or "1m"), 0.001))
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    except Failed as error:
        sys.exit(f"sql: {error}")
    word = os.urandom(12).hex()
    with open(os.environ["WINDLASS_OUTPUT"], "ab") as file:
        file.write(f"count={count}\nrows<<{word}\n{text}\n{word}\n".encode("utf-8", "replace"))
    print(f"{count} rows in {round((time.monotonic() - started) * 1000)} ms")


if __name__ == "__main__":
    main()
