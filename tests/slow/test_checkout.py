"""`checkout: true` on a server: the files of the run's commit, whatever the branch says by then."""

from __future__ import annotations

LOOK = """steps:
  wait:
    run: while [ ! -e "$FLAG" ]; do sleep 0.05; done
    env: {FLAG: "${{ inputs.flag }}"}
  look:
    needs: [wait]
    checkout: true
    run: cat value.txt; ls
inputs:
  flag: {type: string}
"""


def test_the_files_are_those_of_the_runs_commit(repo, serve, tmp_path):
    repo.commit({"value.txt": "first\n"})
    repo.add("look", LOOK)
    served = serve(repo.path)
    flag = tmp_path / "flag"
    run = served.begin(repo.name, "look", inputs={"flag": str(flag)})
    repo.commit({"value.txt": "second\n"}, amend=True)
    served.reconcile(repo.name, wait=True)
    flag.touch()
    ended = served.ended(run)
    assert ended["status"] == "succeeded", ended
    log = served.step_log(run, "look").text
    assert log == "first\nvalue.txt\nworkflows\n"


HISTORY = """steps:
  look:
    checkout: {git: true}
    run: |
      git describe --tags --dirty
      git log --format=%s
      git status --porcelain
"""


def test_history_on_a_server_and_under_run(repo, serve, home):
    repo.add("look", HISTORY)
    repo.git("tag", "v1")
    repo.commit({"a.txt": "one"})
    described = repo.git("describe", "--tags")
    served = serve(repo.path)
    run = served.begin(repo.name, "look")
    assert served.ended(run)["status"] == "succeeded", served.step_log(run, "look").text
    assert served.step_log(run, "look").text == f"{described}\nchange\nchange\n"
    repo.write({"a.txt": "two"})
    done = home.windlass("run", "look", cwd=repo.path)
    lines = [line.partition(" │ ")[2] for line in done.stdout.splitlines() if " │ " in line]
    assert lines[:4] == [f"{described}-dirty", "change", "change", " M a.txt"], done.stdout
