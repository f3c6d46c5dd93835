"""The lock files pin what pyproject.toml asks for, each package by hash, and name no place to fetch it from."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.house.conftest import House

LOCKS = ("requirements.lock", "requirements-dev.lock")


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def pins(house: House, lock: str) -> dict[str, list[str]]:
    """Package to its pinned lines with their hashes; several where a package differs by Python version."""
    text = (house.root / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(name_of(line), []).append(line)
    return found


def of_extras(house: House) -> set[str]:
    """What only some installations have; the code that needs one says so when it is missing."""
    extras = tomllib.loads((house.root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {name_of(one) for extra in extras.values() for one in extra}


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_is_pinned_by_hash(house: House, lock: str) -> None:
    for name, lines in pins(house, lock).items():
        for line in lines:
            assert re.match(r"[\w.-]+==\S+", line), f"{lock}: {name} is not pinned"
            assert "--hash=sha256:" in line, f"{lock}: {name} has no hash"


def test_everything_that_is_asked_for_is_locked(house: House) -> None:
    project = tomllib.loads((house.root / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    for_all = [*project["project"]["dependencies"], *groups["build"]]
    assert {name_of(one) for one in for_all} <= set(pins(house, "requirements.lock")), "run `make lock`"
    for_tests = [*for_all, *groups["dev"]]
    assert {name_of(one) for one in for_tests} <= set(pins(house, "requirements-dev.lock")), "run `make lock`"


@pytest.mark.parametrize(
    ("lock", "folders"), [("requirements.lock", ()), ("requirements-dev.lock", ("tests", "bench", "scripts"))]
)
def test_everything_that_is_imported_is_locked(house: House, lock: str, folders: tuple[str, ...]) -> None:
    """What is merely installed on one machine is missing on the next one."""
    locked = set(pins(house, lock)) | (of_extras(house) & set(pins(house, "requirements-dev.lock")))
    brought_by = packages_distributions()
    ours = {"windlass", "windlass_schemas", "tests", "bench", "scripts", "deploy"}
    own = ours | {path.stem for path in house.named(".py")}
    imported = {found.module.partition(".")[0] for path in house.code(*folders) for found in house.imports(path)}
    outside = imported - own - set(sys.stdlib_module_names)
    assert outside, "the search finds nothing: it has to follow the code"
    # One that is not installed here goes by its own name.
    assert not {name for name in outside if not locked & {name_of(p) for p in brought_by.get(name, [name])}}


def test_tests_run_with_what_users_get(house: House) -> None:
    users, tests = (pins(house, lock) for lock in LOCKS)
    assert {name: lines for name, lines in tests.items() if name in users} == users
