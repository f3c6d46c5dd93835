"""`cache: {key, ttl}` by the real command: the second run does not run the step; two machines' runs share nothing."""

from __future__ import annotations

WORKFLOW = """
    inputs: {level: {type: integer, default: 1}}
    outputs: {n: "${{ steps.count.outputs.n }}", seen: "${{ steps.use.outputs.seen }}"}
    steps:
      count:
        cache: {key: "n-${{ hashFiles('data/**') }}-${{ inputs.level }}", ttl: 1h}
        run: echo "n=$RANDOM$RANDOM" >> "$WINDLASS_OUTPUT"
        outputs: {n: {type: integer}}
      use:
        env: {N: "${{ steps.count.outputs.n }}"}
        run: echo "seen=$N" >> "$WINDLASS_OUTPUT"
        outputs: {seen: {type: integer}}
"""


def judge(first, second, third):
    """`third` had another key."""
    for run in (first, second, third):
        assert run["status"] == "succeeded", run
        assert run["outputs"]["n"] == run["outputs"]["seen"]
    assert len(first["steps"]["count"]["attempts"]) == 1
    assert second["steps"]["count"]["attempts"] == []
    assert second["steps"]["count"]["reusedFrom"] == first["id"]
    assert second["outputs"] == first["outputs"]
    assert len(third["steps"]["count"]["attempts"]) == 1


def test_on_a_server_also_after_kill_9(repo, serve):
    repo.commit({"data/a": "1"})
    repo.add("it", WORKFLOW)
    served = serve(repo.path)
    first = served.ended(served.begin(repo.name, "it"))
    served.kill()
    served.start()
    second = served.ended(served.begin(repo.name, "it"))
    third = served.ended(served.begin(repo.name, "it", inputs={"level": 2}))
    judge(first, second, third)


def test_under_run_where_the_runs_of_a_machine_share_them(repo, home):
    repo.commit({"data/a": "1"})
    repo.add("it", WORKFLOW)
    first, second = (home.run_json(repo.path, "it") for _ in range(2))
    shown = home.windlass("run", "it", cwd=repo.path).stdout
    assert f"outputs of run {first['id']}" in shown
    repo.write({"data/a": "2"})
    judge(first, second, home.run_json(repo.path, "it"))


def test_two_local_runs_at_once_do_not_disturb_one_another(repo, home):
    repo.commit({"data/a": "1"})
    repo.add("it", WORKFLOW)
    running = [home.start("run", "it", "--input", f"level={n}", cwd=repo.path) for n in range(4)]
    ends = [(process.communicate(timeout=150), process.returncode) for process in running]
    assert [code for _, code in ends] == [0, 0, 0, 0], ends
    again = [home.run_json(repo.path, "it", "--input", f"level={n}")["steps"]["count"] for n in range(4)]
    assert [step["attempts"] for step in again] == [[], [], [], []]


INNER = """
    inputs: {of: {type: integer}}
    outputs: {n: "${{ steps.count.outputs.n }}"}
    steps:
      count:
        cache: {key: "n-${{ inputs.of }}", ttl: 1h}
        run: echo "n=$RANDOM$RANDOM" >> "$WINDLASS_OUTPUT"
        outputs: {n: {type: integer}}
"""
OUTER = """
    outputs: {all: "${{ steps.each.items.map(i, i.outputs.n) }}"}
    steps:
      each:
        forEach: [1, 2, 1]
        maxParallel: 1
        uses: ./workflows/inner.yaml
        with: {of: "${{ item }}"}
"""


def test_inside_nested_workflows_and_loops(repo, home):
    repo.add("inner", INNER)
    repo.add("outer", OUTER)
    first = home.run_json(repo.path, "outer")["outputs"]["all"]
    assert first[0] == first[2] != first[1]
    again = home.run_json(repo.path, "outer")
    assert again["outputs"]["all"] == first
    assert [item["steps"]["count"]["attempts"] for item in again["steps"]["each"]["items"]] == [[], [], []]
