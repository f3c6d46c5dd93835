"""`windlass secrets check --proposed` in a checkout that nobody merged, against a server of another commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.canary import keeps, secret
from tests.slow.repo import workflow
from tests.sops import Sops, new_key

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

VALUE = secret("checkout")
HEAD = "apiVersion: windlass.dev/v1\nkind: Repository\n"
SETTINGS = (
    HEAD
    + """secrets:
  DB: ref+windlass://DB
  GONE: ref+windlass://GONE
  FILE: ref+sops://secrets/all.yaml#/db/password
  NO_ENTRY: ref+sops://secrets/all.yaml#/db/none
  NO_FILE: ref+sops://secrets/none.yaml#/a
  OTHERS: ref+sops://secrets/others.yaml#/a
environments:
  production:
    secrets: {VAULT: ref+vault://secret/data/shop#/a}
"""
)
TOLD = """\
windlass.yaml:4:7: found: DB
windlass.yaml:5:9: key missing: GONE: the store has no such entry
windlass.yaml:6:9: found: FILE
windlass.yaml:7:13: key missing: NO_ENTRY: secrets/all.yaml has no entry /db/none
windlass.yaml:8:12: key missing: NO_FILE: secrets/none.yaml: No such file or directory
windlass.yaml:9:11: no access: OTHERS: the file is for none of the keys that the server gives this repository
windlass.yaml:12:22: no access: VAULT (production): the server gives this repository no such secret
"""


def test_each_reference_of_a_checkout(home: Home, repo: Repo, serve: MakeServer) -> None:
    key, folder = new_key(), home.folder / "home/config/sops/age"
    folder.mkdir(parents=True)
    keeps(folder / "keys.txt").write_text(f"{key.secret}\n")
    repo.commit({"windlass.yaml": HEAD, "workflows/a.yaml": workflow("a", "steps: {a: {run: x}}")})
    server = serve(repo.path)
    at = ("--server", server.url)
    given = keeps(home.folder / "value")
    given.write_text(VALUE)
    kept = home.windlass("secrets", "set", "DB", "--repository", "shop", "--file", str(given), *at)
    assert kept.returncode == 0, kept.stderr
    (home.folder / "sops").mkdir()
    made = Sops(home.folder / "sops", key).encrypted("all.yaml", json.dumps({"db": {"password": VALUE}}))
    others = Sops(home.folder / "sops", new_key()).encrypted("others.yaml", f"a: {VALUE}\n")
    repo.write({"windlass.yaml": SETTINGS, "secrets/all.yaml": made.decode(), "secrets/others.yaml": others.decode()})
    told = home.windlass("secrets", "check", "shop", "--proposed", *at, cwd=repo.path)
    assert (told.returncode, told.stdout) == (1, TOLD), told.stderr
    rows = json.loads(home.windlass("secrets", "check", "--proposed", *at, "--output", "json", cwd=repo.path).stdout)
    assert [(row["line"], row["status"]) for row in rows[:2]] == [(4, "found"), (5, "secret-not-found")]
    live = home.windlass("secrets", "check", "shop", *at, "--output", "json", cwd=repo.path)
    assert json.loads(live.stdout) == [], "what is live has none of them"
    repo.write({"windlass.yaml": HEAD + "secrets: {DB: ref+windlass://DB}\n"})
    fine = home.windlass("secrets", "check", "--proposed", *at, cwd=repo.path)
    assert (fine.returncode, fine.stdout) == (0, "windlass.yaml:3:15: found: DB\n")
    unknown = home.windlass("secrets", "check", "none", "--proposed", *at, cwd=repo.path)
    assert (unknown.returncode != 0, "no repository none" in unknown.stderr) == (True, True)
    assert home.windlass("secrets", "check", "--proposed", cwd=home.folder).returncode == 2
