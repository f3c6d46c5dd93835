"""Full names of images, and patterns that no short or odd name slips past."""

from __future__ import annotations

import pytest

from windlass.policies.images import allowed, full_name
from windlass.policies.quantity import amount

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("python", ("docker.io", "library/python", "latest", "")),
        ("team/app:1", ("docker.io", "team/app", "1", "")),
        ("docker.io/python:3", ("docker.io", "library/python", "3", "")),
        ("index.docker.io/python", ("docker.io", "library/python", "latest", "")),
        ("localhost/app", ("localhost", "app", "latest", "")),
        ("registry:5000/a/b:2", ("registry:5000", "a/b", "2", "")),
        (f"registry.example.com/a@{DIGEST}", ("registry.example.com", "a", "", DIGEST)),
        (f"python:3@{DIGEST}", ("docker.io", "library/python", "3", DIGEST)),
    ],
)
def test_a_name_is_completed_as_engines_do(image, full):
    assert tuple(full_name(image)) == full


@pytest.mark.parametrize(
    ("patterns", "image", "verdict"),
    [
        (["registry.example.com/**"], "registry.example.com/team/app:1", True),
        (["registry.example.com/**"], "registry.example.com.attacker.test/team/app", False),
        (["registry.example.com/**"], "python", False),
        (["registry.example.com/*"], "registry.example.com/team/app", False),
        (["python"], "docker.io/library/python:3.13", True),
        (["python:3.*"], "python:3.13", True),
        (["python:3.*"], "python", False),
        (["library/*"], "python", True),
        (["**/app"], "registry.example.com/team/app:1", True),
        ([f"python@{DIGEST}"], f"python@{DIGEST}", True),
        ([f"python@{DIGEST}"], "python:3", False),
        ([], "python", False),
    ],
)
def test_patterns_are_compared_with_the_full_name(patterns, image, verdict):
    assert allowed(patterns, image) is verdict


@pytest.mark.parametrize(
    ("more", "less"), [("1", "999m"), ("1Gi", "1G"), ("2e3", "1999"), ("1k", "999.9"), (2, "1.5"), ("1Ki", "1k")]
)
def test_quantities_are_compared_exactly(more, less):
    assert amount(more) > amount(less)


@pytest.mark.parametrize("wrong", ["", "1 Gi", "Gi", "1gi", "0x10", "1e", "--1", "9" * 5 + "e999"])
def test_what_is_no_quantity_is_said(wrong):
    with pytest.raises(ValueError, match="quantity"):
        amount(wrong)
