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
