"""`cache: {key, paths}` by the real command: the second run has what the first one left, also when the server died."""

from __future__ import annotations

import sqlite3

from tests.slow.folders import files

WORKFLOW = """
    inputs: {key: {type: string, default: one}}
    outputs: {made: "${{ steps.build.outputs.made }}"}
    steps:
      build:
        cache: {key: "deps-${{ inputs.key }}", restore: [deps-], paths: [~/.cache/deps, vendor]}
        run: |
          mkdir -p ~/.cache/deps vendor
          test -f vendor/made || date +%s%N > vendor/made
          cmp -s vendor/made ~/.cache/deps/made || cp vendor/made ~/.cache/deps/made
          echo "made=$(cat ~/.cache/deps/made)" >> "$WINDLASS_OUTPUT"
        outputs: {made: {type: string}}
"""


def cache(run):
    assert run["status"] == "succeeded", run
    found = run["steps"]["build"]["attempts"][-1]["cache"]
    return found["restored"], found["saved"]


def test_on_a_server(repo, serve):
    repo.add("it", WORKFLOW)
    served = serve(repo.path)
    first = served.ended(served.begin(repo.name, "it"))
    assert cache(first) == (None, True)
    second = served.ended(served.begin(repo.name, "it"))
    assert cache(second) == ("deps-one", False)
    by_prefix = served.ended(served.begin(repo.name, "it", inputs={"key": "two"}))
    assert cache(by_prefix) == ("deps-one", True)
    assert first["outputs"] == second["outputs"] == by_prefix["outputs"]
    log = served.step_log(second["id"], "build").text
    assert log.startswith("windlass: cache restored from deps-one\n")


def test_killed_while_saving(repo, serve):
    """The archive is stored, the ledger does not know it: the next life saves it again, under the same name."""
    repo.add("it", WORKFLOW)
    served = serve(repo.path, started=False)
    assert served.try_start({"WINDLASS_CRASH_AT": "cache.stored"})
    run = served.begin(repo.name, "it")
    assert served.wait() == 137
    served.start()
    first = served.ended(run)
    assert cache(first) == (None, True)
    assert len(first["steps"]["build"]["attempts"]) == 1
    second = served.ended(served.begin(repo.name, "it"))
    assert cache(second) == ("deps-one", False)
    assert first["outputs"] == second["outputs"]
    archives = list(files(served.data / "objects/caches"))
    assert len(archives) == 1
    with sqlite3.connect(served.data / "ledger.db") as ledger:
        assert ledger.execute("SELECT cache_key, size FROM caches").fetchall() == [
            ("deps-one", archives[0].stat().st_size)
        ]


def test_under_run(repo, home):
    repo.add("it", WORKFLOW)
    first, second = (home.run_json(repo.path, "it") for _ in range(2))
    assert (cache(first), cache(second)) == ((None, True), ("deps-one", False))
    assert first["outputs"] == second["outputs"]
    assert not (home.folder / "home/.cache/deps").exists()
