"""A real PostgreSQL of the tests' own, from Debian's binaries."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from tests.ports import free_port
from tests.remains import search

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None, key=lambda p: float(p.parts[-3]))
IN_CI = os.environ.get("CI", "") not in ("", "false", "0")


class Postgres:
    """A server of its own in a temporary folder, reached by a socket, or at `address` by everybody of its network.

    Root may not run one: another user does.
    """

    def __init__(self, folder: Path, address: str = "") -> None:
        assert BINARIES is not None, "CI needs PostgreSQL: install the package postgresql"
        self.folder = folder
        self.address = address
        self.port = free_port(address) if address else 5432
        self.binaries = BINARIES.parent
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        if address:
            with (folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")

    def start(self) -> None:
        settings = (
            f"-c listen_addresses='{self.address}' -c port={self.port} -c unix_socket_directories={self.folder}"
            " -c max_connections=50 -c shared_buffers=16MB -c fsync=off -c full_page_writes=off"
        )
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", settings, "start")

    def stop(self, mode: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def end(self, *, dumped: bool = False) -> None:
        """Stopped and removed. No secret value is in what it kept, nor, if `dumped`, in what it had compressed."""
        if dumped:
            place = ("-h", self.address or str(self.folder), "-p", str(self.port), "-U", "postgres")
            self._run("pg_dumpall", *place, "--no-role-passwords", "-f", f"{self.folder}/data/everything.sql")
        self.stop("immediate")
        search(self.folder)
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        if self.address:
            return f"postgresql://postgres@{self.address}:{self.port}/{database}"
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def execute(self, sql: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout
