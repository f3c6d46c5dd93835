"""The custom resource definitions: fresh, structural, described, and the same as the models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from windlass_schemas.generated_files import stale_files
from windlass_schemas.resources import crd
from windlass_schemas.resources.kinds import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_NAME = {kind.kind: kind for kind in KINDS}
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def schema_of(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = crd.crd_of(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from walk(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from walk(schema[key], f"{path}[]")


def test_what_is_checked_in_is_fresh() -> None:
    assert stale_files(crd.FOLDER, crd.texts()) == []


def test_a_stale_file_is_found_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crd.main(["--folder", str(tmp_path)])
    file = tmp_path / "windlass.dev_workflowruns.yaml"
    file.write_text(file.read_text().replace("wlrun", "other"))
    capsys.readouterr()
    assert crd.main(["--check", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "stale windlass.dev_workflowruns.yaml\n"
    assert crd.main(["--folder", str(tmp_path)]) == 0
    assert crd.main(["--check", "--folder", str(tmp_path)]) == 0


@every_kind
def test_the_file_is_the_definition(kind: Kind) -> None:
    text = (crd.FOLDER / f"windlass.dev_{kind.plural}.yaml").read_text()
    assert yaml.safe_load(text) == crd.crd_of(kind)


@every_kind
def test_the_schema_is_structural(kind: Kind) -> None:
    """What the API server would otherwise report as a condition of the definition, and nobody would read."""
    for path, part in walk(schema_of(kind), kind.kind):
        assert "type" in part, path
        assert not {"$ref", "anyOf", "oneOf", "allOf", "not", "patternProperties", "title"} & part.keys(), path
        assert part.get("additionalProperties") is not False, path
        assert not ("properties" in part and "additionalProperties" in part), path


@every_kind
def test_every_field_is_described_for_kubectl_explain(kind: Kind) -> None:
    described = {path for path, part in walk(schema_of(kind), kind.kind) if part.get("description")}
    silent = {
        path
        for path, _ in walk(schema_of(kind), kind.kind)
        if path not in described and not path.endswith(("[]", ".metadata"))
    }
    assert not silent


@every_kind
def test_columns_show_fields_that_exist(kind: Kind) -> None:
    known = {path for path, _ in walk(schema_of(kind), "")}
    for column in kind.columns:
        plain = column.path.partition("[")[0]
        assert plain in known or plain == ".metadata.creationTimestamp", column


def test_a_spec_that_the_schema_takes_is_taken_by_the_model() -> None:
    spec = {
        "git": "https://git.example.com/shop.git",
        "branch": "main",
        "interval": "1m",
        "suspend": True,
        "auth": {"secretRef": {"name": "shop-git"}},
        "webhookSecret": {"name": "hooks", "key": "shop"},
        "secrets": {"age": [{"name": "sops", "key": "age.agekey"}]},
    }
    model: Any = BY_NAME["WorkflowRepository"].model().model_validate({"spec": spec})
    assert (model.spec.interval, model.spec.suspend, model.spec.auth.secret_ref.name) == (60_000, True, "shop-git")
    assert model.spec.secrets.age[0].key == "age.agekey"
