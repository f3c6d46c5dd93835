"""The limit of outputs: 4 KiB together, but for those that declare a size of their own."""

from __future__ import annotations

import pytest
from tests.runs.conftest import planned

from windlass.plan.model import OutputSpec
from windlass.runs.outputs import OutputError, read_limit, read_outputs

TEXT = {"type": "string"}
STEP = planned("a", outputs={"body": OutputSpec(TEXT, size=1024**2), "n": OutputSpec(TEXT), "m": OutputSpec(TEXT)})


def outputs(body: int, n: int, m: int) -> bytes:
    return f"body={'x' * body}\nn={'y' * n}\nm={'z' * m}\n".encode()


def test_an_output_with_a_size_has_that_limit_for_itself() -> None:
    found = read_outputs(STEP, outputs(1024**2, 2000, 2000))
    assert {name: len(value) for name, value in found.items()} == {"body": 1024**2, "n": 2000, "m": 2000}
    assert len(outputs(1024**2, 2000, 2000)) <= read_limit(STEP)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((1024**2 + 1, 1, 1), "output body is larger than its size of 1048576"), ((1, 2100, 2100), "the limit is 4096")],
)
def test_what_is_larger_is_refused_by_name(sizes: tuple[int, int, int], message: str) -> None:
    with pytest.raises(OutputError, match=message) as caught:
        read_outputs(STEP, outputs(*sizes))
    assert caught.value.cause == "output-too-large"


def test_the_size_counts_bytes_and_not_characters() -> None:
    step = planned("a", outputs={"body": OutputSpec(TEXT, size=10)})
    assert read_outputs(step, "body=ééééé".encode()) == {"body": "ééééé"}
    with pytest.raises(OutputError, match="larger than its size"):
        read_outputs(step, "body=éééééé".encode())
