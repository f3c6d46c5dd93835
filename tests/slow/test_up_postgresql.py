"""`windlass up` with its ledger in PostgreSQL: the main job, a restart of the database, a kill in between."""

from __future__ import annotations

from tests.slow.waiting import until

STEPS = """steps:
  first: {run: echo one}
  held:
    needs: [first]
    env: {FLAG: "${{ inputs.flag }}"}
    run: while [ ! -e "$FLAG" ]; do sleep 0.05; done
  last: {needs: [held], run: echo three}
inputs:
  flag: {type: string}
"""


def test_a_run_survives_a_kill_and_a_restart_of_the_database(repo, serve, postgres, tmp_path):
    repo.add("job", STEPS)
    env = {"WINDLASS_DATABASE": postgres.url("postgres")}
    served = serve(repo.path, started=False).start(env)
    flag = tmp_path / "flag"
    run = served.begin(repo.name, "job", inputs={"flag": str(flag)})
    until(lambda: served.run(run)["steps"]["held"]["attempts"])
    postgres.stop("fast")
    postgres.start()
    until(lambda: served.http.get("/readyz").status_code == 200)
    served.kill()
    served.start(env)
    flag.touch()
    ended = served.ended(run)
    assert ended["status"] == "succeeded", ended
    assert [len(step["attempts"]) for step in ended["steps"].values()] == [1, 1, 1]
    assert served.step_log(run, "last").text == "three\n"
    assert served.runs()[0]["id"] == run
