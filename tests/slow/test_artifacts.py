"""Artifacts by a real server and by `windlass run`: files handed from step to step, fetched, taken over by a rerun."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.slow.folders import files
from tests.slow.waiting import until

if TYPE_CHECKING:
    from tests.slow.conftest import MakeServer
    from tests.slow.home import Home
    from tests.slow.repo import Repo

STEPS = """
inputs: {door: {type: string}}
outputs: {page: "${{ steps.build.outputs.page }}"}
steps:
  build:
    run: |
      mkdir -p out/deep
      echo app > out/app; chmod +x out/app
      echo lib > out/deep/lib
      echo "<h1>hello</h1>" > page.html
      echo "page=page.html" >> "$WINDLASS_OUTPUT"
    outputs: {page: {type: file}}
    artifacts: {save: {dist: out, list: ["out/deep/*", page.html]}}
  each:
    forEach: [eu, us]
    env: {REGION: "${{ item }}"}
    run: echo "$REGION" > "$REGION.txt"
    artifacts: {save: {region: "${{ item }}.txt"}}
  use:
    checkout: true
    env: {DOOR: "${{ inputs.door }}"}
    artifacts:
      load:
        dist: "${{ steps.build.artifacts.dist }}"
        workflows/page.yaml: "${{ steps.build.artifacts.page }}"
        regions: "${{ steps.each.artifacts.region }}"
        first.txt: "${{ steps.each.items[0].artifacts.region }}"
    run: |
      test -x dist/app
      find . -type f | sort | while read -r f; do echo "$f: $(head -n1 "$f")"; done
      test -e "$DOOR"
"""
FOUND = """./dist/app: app
./dist/deep/lib: lib
./first.txt: eu
./regions/0: eu
./regions/1: us
./workflows/page.yaml: <h1>hello</h1>
"""


def test_files_go_from_step_to_step_and_to_people(repo: Repo, serve: MakeServer, tmp_path: Path) -> None:
    repo.add("page", STEPS)
    server = serve(repo.path)
    door = tmp_path / "door"
    run = server.ended(server.begin(repo.name, "page", inputs={"door": str(door)}))
    assert server.step_log(run["id"], "use").text == FOUND
    assert run["status"] == "failed"
    items = server.get(f"/runs/{run['id']}/artifacts")["items"]
    assert [(i["step"], i["path"]) for i in items] == [
        ("build", "dist/app"),
        ("build", "dist/deep/lib"),
        ("build", "list/out/deep/lib"),
        ("build", "list/page.html"),
        ("build", "page"),
        ("each", "region"),
        ("each", "region"),
    ]
    for item in items:
        content = server.http.get(item["url"]).content
        assert (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}") == (item["size"], item["digest"])
    door.touch()
    again = server.ended(server.post(f"/runs/{run['id']}/rerun", {"mode": "failed"}, code=202)["id"])
    assert again["status"] == "succeeded", again
    assert server.step_log(again["id"], "use").text == FOUND
    page = again["outputs"]["page"]
    assert (page["path"], page["size"]) == ("page.html", 15)
    assert server.http.get(page["url"]).text == "<h1>hello</h1>\n"
    assert server.get(f"/runs/{again['id']}/artifacts")["items"][0]["digest"] == items[0]["digest"]


def test_the_same_under_run_and_its_rerun(repo: Repo, home: Home) -> None:
    repo.add("page", STEPS)
    door = home.folder / "door"
    run = home.run_json(repo.path, "page", "--input", f"door={door}", code=1)
    assert run["steps"]["use"]["cause"] == "exit-code"
    door.touch()
    done = home.windlass("rerun", run["id"], "--failed", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert "use │ ./regions/1: us" in done.stdout.splitlines()


def test_the_command_line_fetches_them(repo: Repo, serve: MakeServer, home: Home) -> None:
    repo.add("page", STEPS)
    (home.folder / "door").touch()
    door = str(home.folder / "door")
    server = serve(repo.path)
    remote = server.ended(server.begin(repo.name, "page", inputs={"door": door}))["id"]
    local = home.run_json(repo.path, "page", "--input", f"door={door}")["id"]
    for run, words in ((remote, ("--server", server.url)), (local, ())):
        listed = home.windlass("artifacts", run, *words)
        assert listed.stdout.splitlines()[1].split()[:3] == ["build", "dist/app", "4"], listed.stderr
        page = home.windlass("artifacts", run, "page", *words)
        assert page.stdout == "<h1>hello</h1>\n", page.stderr
        several = home.windlass("artifacts", run, "region", *words)
        assert (several.returncode, several.stdout) == (2, "")
        one = home.windlass("artifacts", run, "region", "--step", "each", "--item", "1", *words)
        assert one.stdout == "us\n"
        missing = home.windlass("artifacts", run, "nothing", *words)
        assert (missing.returncode, missing.stdout) == (1, ""), missing.stderr
        folder = home.folder / f"to-{run}"
        assert home.windlass("artifacts", run, "--to", str(folder), *words).returncode == 0
        files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
        assert files["dist/deep/lib"] == "lib\n"
        assert files["each/1/region"] == "us\n"
        assert len(files) == 7


FAILING = """
steps:
  failed: {run: "echo 1 > r.xml; exit 3", artifacts: {save: {report: r.xml, gone: gone.xml}}}
  missing: {run: "true", artifacts: {save: {report: r.xml}}}
  leak: {run: ln -s /etc/passwd r.xml, artifacts: {save: {report: r.xml}}}
  slow: {run: "echo 2 > r.xml; sleep 60", timeout: 6s, artifacts: {save: {report: r.xml}}}
"""


def test_reports_of_steps_that_failed_are_there_and_what_is_wrong_is_told(repo: Repo, serve: MakeServer) -> None:
    repo.add("bad", FAILING)
    server = serve(repo.path)
    run = server.ended(server.begin(repo.name, "bad"))
    steps = {name: (step["status"], step["cause"]) for name, step in run["steps"].items()}
    assert steps == {
        "failed": ("failed", "exit-code"),
        "missing": ("errored", "artifact-missing"),
        "leak": ("errored", "artifact-failed"),
        "slow": ("failed", "timeout"),
    }
    assert run["steps"]["leak"]["message"].endswith("r.xml is a symbolic link that leaves the working directory")
    items = server.get(f"/runs/{run['id']}/artifacts")["items"]
    assert [(item["step"], item["size"]) for item in items] == [("failed", 2), ("slow", 2)]


LIMITED = """
steps:
  two: {run: touch a b, artifacts: {save: {both: "*"}}}
  large: {run: head -c 2000 /dev/zero > a, artifacts: {save: {a: a}}}
  fits: {run: touch a, artifacts: {save: {a: a}}}
"""


def test_the_server_file_says_where_they_are_and_how_large(repo: Repo, serve: MakeServer, home: Home) -> None:
    store = home.folder / "elsewhere"
    file = home.folder / "server.yaml"
    file.write_text(f"objects: {store.as_uri()}\nlimits: {{artifactSize: 1Ki, artifactFiles: 1}}\n")
    repo.add("limited", LIMITED)
    server = serve(repo.path, words=("--config", str(file)))
    run = server.ended(server.begin(repo.name, "limited"))
    assert {name: step["cause"] for name, step in run["steps"].items()} == {
        "two": "artifact-failed",
        "large": "artifact-failed",
        "fits": None,
    }
    assert "limits.artifactFiles" in run["steps"]["two"]["message"]
    assert "limits.artifactSize" in run["steps"]["large"]["message"]
    assert any(store.rglob("manifest"))
    assert not (server.data / "objects").exists()
    doctor = home.windlass("doctor", "--config", str(file))
    assert ["object", "store", "ok", store.as_uri()] in [line.split() for line in doctor.stdout.splitlines()]
    assert doctor.returncode == 0, doctor.stdout


def test_a_wrong_address_of_the_store_is_told_with_its_place(home: Home, repo: Repo) -> None:
    file = home.folder / "server.yaml"
    file.write_text("data: x\nobjects: ftp://host/x\n")
    done = home.windlass("up", str(repo.path), "--config", str(file))
    assert done.returncode == 2
    assert f"{file}:2:10: " in done.stderr, done.stderr
    (home.folder / "taken").write_text("")
    file.write_text(f"objects: {(home.folder / 'taken').as_uri()}\n")
    doctor = home.windlass("doctor", "--config", str(file))
    assert doctor.returncode == 1
    assert "the object store file: cannot be opened" in doctor.stdout


SIZED = """
outputs: {n: "${{ size(steps.make.outputs.body) }}"}
steps:
  make:
    run: (printf body=; head -c 900000 /dev/zero | tr '\\0' x; echo) >> "$WINDLASS_OUTPUT"
    outputs: {body: {type: string, size: 1Mi}}
"""


def test_an_output_with_a_size_is_larger_than_others(repo: Repo, home: Home) -> None:
    repo.add("sized", SIZED)
    assert home.run_json(repo.path, "sized")["outputs"] == {"n": 900_000}


LARGE = """
steps:
  make: {run: truncate -s 400M large, artifacts: {save: {large: large}}}
"""


def test_a_large_file_passes_through_a_server_that_is_killed_meanwhile(repo: Repo, serve: MakeServer) -> None:
    """Killed while it saves: the next life saves it again, and the memory of neither grows with the file."""
    repo.add("large", LARGE)
    server = serve(repo.path)
    run = server.begin(repo.name, "large")
    until(lambda: [path for path in files(server.data / "objects") if path.name.startswith("0")])  # under way
    server.kill()
    server.start()
    assert server.ended(run)["status"] == "succeeded"
    size = 0
    digest = hashlib.sha256()
    with server.http.stream("GET", f"/api/v1/runs/{run}/artifacts/large") as answer:
        assert answer.headers["content-disposition"].startswith("attachment")
        for chunk in answer.iter_raw():
            size += len(chunk)
            digest.update(chunk)
    assert size == 400 * 1024 * 1024
    (item,) = server.get(f"/runs/{run}/artifacts")["items"]
    assert item["digest"] == f"sha256:{digest.hexdigest()}"
    status = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 300 * 1024, peak
