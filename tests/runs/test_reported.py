"""A step that says that it could not do its work is errored, with its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.runs.conftest import planned

from windlass.plan.model import OutputSpec
from windlass.runs.causes import CAUSES
from windlass.runs.reported import CAUSE, CLAIMED, LONGEST, reported

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = planned("a", outputs={"n": OutputSpec({"type": "integer"})})


@pytest.mark.parametrize(
    ("written", "cause", "message"),
    [
        (b"windlass.errored=tool-missing: git: apt-get install git\n", "tool-missing", "git: apt-get install git"),
        (b'n=1\n{"windlass.errored": "tool-missing:jq"}\n', "tool-missing", "jq"),
        (b"windlass.errored<<E\nno\n  room: here\nE\n", "reported", "no room: here"),
        (b"windlass.errored=lost: nothing proves it\n", "reported", "lost: nothing proves it"),
        (b"windlass.errored=\n", "reported", "it could not do its work"),
        (b"malformed\n\xff\nwindlass.errored=" + b"x" * 3000, "reported", "x" * LONGEST),
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_its_words_are_the_message(
    world: Callable[..., Any], written: bytes, cause: str, message: str, code: int
) -> None:
    step = world(STEP).begin("a").end("a", code, written).step("a")
    assert (step.status, step.cause, step.message) == ("errored", cause, message)


def test_outputs_beside_it_are_kept(world: Callable[..., Any]) -> None:
    kept = planned("a", outputs=STEP.outputs, continue_on_error=True)
    step = world(kept).begin("a").end("a", 1, b"n=7\nwindlass.errored=no room\n").step("a")
    assert (step.status, step.outputs) == ("errored", {"n": 7})


@pytest.mark.parametrize("written", [b"", b"n=windlass.errored\n", b"n<<E\nwindlass.errored=x\nE\n"])
def test_what_only_looks_like_it(written: bytes) -> None:
    assert reported(written) is None


def test_a_stop_explains_the_end(world: Callable[..., Any]) -> None:
    step = world(STEP).begin("a").cancel().end("a", 143, b"windlass.errored=x\n").step("a")
    assert (step.status, step.cause) == ("cancelled", "cancelled-by-user")


def test_its_causes_are_on_the_list() -> None:
    assert {CAUSE, *CLAIMED} <= CAUSES.keys()
