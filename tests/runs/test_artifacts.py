"""Artifacts in the life of a run: references to what was saved, what a launch loads, files as outputs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.runs.conftest import World, plan_of, planned

from windlass.plan.codec import from_bytes, to_bytes
from windlass.plan.loop import Loop
from windlass.plan.model import OutputSpec
from windlass.runs.model import ArtifactRef, Ended, Status, StepKey

SAVED = {"report": {"size": 3, "files": 1, "folder": False, "digest": "sha256:0"}}
FILE = {"page": OutputSpec({"type": "string", "format": "file"}, file=True)}


def end(
    world: World, name: str, detail: dict[str, Any], *, item: str = "", code: int = 0, outputs: bytes = b""
) -> None:
    key = next(key for key in world.running if key.path == name and key.item == item)
    world.running.pop(key)
    world.tell(Ended(key, world.now, code, outputs, detail=detail))


def test_a_reference_names_the_attempt_that_saved_it() -> None:
    world = World(
        plan_of(
            planned("a", saves={"report": ("r.xml",)}),
            planned("b", "a", reads=("a",), loads={"in.xml": "${{ steps.a.artifacts.report }}"}),
        )
    ).tell()
    end(world, "a", {"artifacts": SAVED})
    launch = world.running[world.launched[-1]]
    assert launch.loads == {"in.xml": ArtifactRef("01RUN", "a", "", 1, "report")}
    assert world.state.steps[StepKey("a")].attempts[0].detail == {"artifacts": SAVED}


def test_paths_to_save_may_be_computed() -> None:
    step = planned("a", saves={"report": ("${{ item }}.xml",)}, loop=Loop("forEach", source=["x", "y"]))
    world = World(plan_of(step)).tell()
    assert [launch.saves for launch in world.running.values()] == [{"report": ("x.xml",)}, {"report": ("y.xml",)}]


def test_the_artifacts_of_a_loop_are_loaded_by_item() -> None:
    world = World(
        plan_of(
            planned("a", saves={"report": ("r.xml",)}, loop=Loop("matrix", axes={"v": ["../x", "y"]})),
            planned("b", "a", reads=("a",), loads={
                "all/": "${{ steps.a.artifacts.report }}",
                "second": "${{ steps.a.items[1].artifacts.report }}",
            }),
        )
    ).tell()  # fmt: skip
    for key in list(world.running):
        end(world, "a", {"artifacts": SAVED}, item=key.item)
    launch = world.running[world.launched[-1]]
    assert launch.loads == {
        "all/v=..%2Fx": ArtifactRef("01RUN", "a", "v=../x", 1, "report"),
        "all/v=y": ArtifactRef("01RUN", "a", "v=y", 1, "report"),
        "second": ArtifactRef("01RUN", "a", "v=y", 1, "report"),
    }


def test_an_artifact_that_was_not_saved_is_an_error_of_the_reader() -> None:
    world = World(
        plan_of(
            planned("a", saves={"report": ("r.xml",)}, continue_on_error=True),
            planned("b", "a", reads=("a",), loads={"in.xml": "${{ steps.a.artifacts.report }}"}),
        )
    ).tell()
    end(world, "a", {}, code=1)
    step = world.state.steps[StepKey("b")]
    assert (step.status, step.cause) == (Status.ERRORED, "expression")


def test_a_value_that_is_no_artifact_is_an_error_of_the_reader() -> None:
    step = planned("b", loads={"in.xml": "${{ steps.size() == 0 ? {'run': 'x'} : {} }}"})
    world = World(plan_of(step)).tell()
    found = world.state.steps[StepKey("b")]
    assert (found.status, found.cause) == (Status.ERRORED, "expression")
    assert "this is no artifact" in (found.message or "")


def test_success_needs_proof_that_everything_was_saved() -> None:
    world = World(plan_of(planned("a", saves={"report": ("r.xml",), "other": ("o",)}))).tell()
    end(world, "a", {"artifacts": SAVED})
    step = world.state.steps[StepKey("a")]
    assert (step.status, step.cause) == (Status.ERRORED, "artifact-failed")


@pytest.mark.parametrize(("code", "status"), [(0, Status.SUCCEEDED), (3, Status.FAILED)])
def test_an_output_of_type_file_is_where_the_file_can_be_had(code: int, status: Status) -> None:
    world = World(plan_of(planned("a", outputs=FILE))).tell()
    kept = {"page": {"size": 3, "files": 1, "folder": False, "digest": "sha256:0"}}
    end(world, "a", {"artifacts": kept}, code=code, outputs=b"page=out/p.html")
    step = world.state.steps[StepKey("a")]
    assert step.status is status
    url = "/api/v1/runs/01RUN/artifacts/page?step=a"
    assert step.outputs == {"page": {"path": "out/p.html", "size": 3, "digest": "sha256:0", "url": url}}


def test_a_file_of_which_nothing_was_saved_is_no_output() -> None:
    world = World(plan_of(planned("a", outputs=FILE))).tell()
    end(world, "a", {}, outputs=b"page=p.html")
    step = world.state.steps[StepKey("a")]
    assert (step.status, step.cause, step.outputs) == (Status.ERRORED, "artifact-failed", {})


def test_a_plan_with_artifacts_comes_back_and_an_older_one_has_none() -> None:
    plan = plan_of(planned("a", saves={"r": ("x", "y")}, loads={"p": "${{ 1 }}"}, outputs=FILE))
    assert from_bytes(to_bytes(plan)) == plan
    document = json.loads(to_bytes(plan))
    for name in ("saves", "loads"):
        del document["steps"]["a"][name]
    del document["steps"]["a"]["outputs"]["page"]["file"]
    old = from_bytes(json.dumps(document).encode()).steps["a"]
    assert (old.saves, old.loads, old.outputs["page"].file) == ({}, {}, False)
