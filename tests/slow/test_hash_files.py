"""`hashFiles`: the work tree under `windlass run`, the run's commit on a server, the same digest for the same files."""

from __future__ import annotations

WORKFLOW = """
    outputs: {all: "${{ hashFiles('lib/**') }}", none: "${{ hashFiles('nothing') }}", step: "${{ steps.a.outputs.x }}"}
    runTitle: "${{ hashFiles('lib/**') }}"
    steps:
      a:
        if: ${{ hashFiles('lib/**') != '' }}
        env: {X: "${{ hashFiles('lib/**') }}"}
        run: echo "x=$X" >> "$WINDLASS_OUTPUT"
        outputs: {x: {type: string}}
"""
FILES = {"lib/a.txt": "one\n", "lib/deep/b.txt": "two\n", "elsewhere.txt": "three\n"}


def test_uncommitted_changes_count_under_run(repo, home):
    repo.commit(FILES)
    repo.add("it", WORKFLOW)
    first = home.run_json(repo.path, "it")["outputs"]
    assert len(first["all"]) == 64
    assert first == {"all": first["all"], "none": "", "step": first["all"]}
    repo.write({"elsewhere.txt": "changed\n"})
    assert home.run_json(repo.path, "it")["outputs"] == first
    repo.write({"lib/new.txt": "new\n"})
    assert home.run_json(repo.path, "it")["outputs"]["all"] not in ("", first["all"])


def test_a_server_hashes_the_commit_and_a_rerun_keeps_what_was_hashed(repo, home, serve):
    repo.commit(FILES)
    repo.add("it", WORKFLOW)
    here = home.run_json(repo.path, "it")["outputs"]
    served = serve(repo.path)
    run = served.begin(repo.name, "it")
    ended = served.ended(run)
    assert ended["outputs"] == here
    assert ended["title"] == here["all"]
    repo.commit({"lib/a.txt": "changed\n"})
    served.reconcile(repo.name, wait=True)
    again = {}
    for definition in ("same", "latest"):
        asked = served.post(f"/runs/{run}/rerun", {"mode": "all", "definition": definition}, code=202)
        again[definition] = served.ended(asked["id"])["outputs"]
    assert again["same"] == here
    assert again["latest"]["all"] not in ("", here["all"])
