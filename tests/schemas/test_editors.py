"""What docs/editors.md promises: the schemas are there, its patterns mean the right files, examples are accepted."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path

import jsonschema
import pytest

from windlass.loading.definition_files import kind_of
from windlass.loading.document import read_document
from windlass_schemas.repository import Paths

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/editors.md").read_text()
ROOTS = [path for path in (ROOT / "examples", ROOT / "examples/library", ROOT / "actions-library") if path.is_dir()]


def definitions(root: Path) -> list[tuple[Path, str]]:
    """The definitions of a repository with the kind that their place gives them."""
    moved = root.name == "actions-library" or (root / "windlass.yaml").is_file()
    settings = (
        read_document((root / "windlass.yaml").read_bytes())[0].value if (root / "windlass.yaml").is_file() else {}
    )
    paths = Paths.model_validate(settings.get("paths") or {}) if moved else Paths()
    found = [(path, kind_of(path.relative_to(root).as_posix(), paths)) for path in sorted(root.rglob("*.yaml"))]
    return [(path, kind) for path, kind in found if kind is not None and kind != "Example"]


FILES = [(path, kind) for root in ROOTS for path, kind in definitions(root)]


@pytest.mark.parametrize(("path", "kind"), FILES, ids=[str(path.relative_to(ROOT)) for path, _ in FILES])
def test_the_schema_of_its_place_accepts_each_example(path: Path, kind: str) -> None:
    schema = json.loads((ROOT / f"schemas/json/{kind.lower()}.json").read_text())
    document, _ = read_document(path.read_bytes())
    assert [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(document.value)] == []


def test_the_page_names_the_schemas_that_there_are() -> None:
    named = set(re.findall(r"`schemas/json/([a-z]+\.json)`", PAGE))
    assert named == {path.name for path in (ROOT / "schemas/json").iterdir()}


def test_the_patterns_of_the_page_mean_the_files_of_each_kind() -> None:
    block = re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert block
    patterns = json.loads(block[1])["yaml.schemas"]
    files = {
        "workflow": ["workflows/a.yaml", "workflows/b/c.yml"],
        "action": ["actions/a/action.yaml", "actions/a/action.yml"],
        "test": ["tests/a.test.yaml", "tests/b/c.test.yml"],
        "repository": ["windlass.yaml"],
    }
    for kind, names in files.items():
        for name in names:
            assert kind_of(name, Paths()) == kind.capitalize()
            meant = [
                s for s, globs in patterns.items() if any(fnmatch.fnmatch(name, g.replace("**/", "*")) for g in globs)
            ]
            assert meant == [f".schemas/{kind}.json"], name
