"""What stands in while modules of others are imported changes nothing that they do."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import dataclasses, re, typing
standard = dataclasses.dataclass, re.compile, typing.TypedDict
from windlass.cli.quick_imports import _Pattern, install
install()
import pydantic, typing_extensions, yaml
assert (re.compile, typing.TypedDict) == standard[1:]
assert typing_extensions.is_typeddict(pydantic.ConfigDict)

# Patterns that are compiled when they are used: PyYAML without libyaml.
assert isinstance(yaml.SafeLoader.NON_PRINTABLE, _Pattern)
text = "{day: 2026-01-02, yes: 1.5, word: text, whole: 0x1f}"
assert yaml.load(text, yaml.SafeLoader) == yaml.load(text, yaml.CSafeLoader)
assert yaml.safe_dump({"a": "yes"}) == "a: 'yes'\\n"
try:
    yaml.load("\\x01", yaml.SafeLoader)
except yaml.reader.ReaderError as error:
    assert "special characters are not allowed" in str(error)
else:
    raise AssertionError

# Dictionaries that only type checkers know, and pydantic's own classes.
class Model(pydantic.BaseModel):
    size: typing.Annotated[int, pydantic.Field(gt=1), pydantic.Strict()] = 2
    days: tuple[typing.Annotated[str, pydantic.StringConstraints(pattern="^a")], ...] = ()

assert Model(size=3, days=("a",)).model_dump() == {"size": 3, "days": ("a",)}
assert Model.model_json_schema()["properties"]["size"]["exclusiveMinimum"] == 1
try:
    Model(size=1, days=("b",))
except pydantic.ValidationError as error:
    assert [one["type"] for one in error.errors()] == ["greater_than", "string_pattern_mismatch"]
else:
    raise AssertionError

@dataclasses.dataclass(frozen=True, slots=True)
class Value:
    name: str

assert pydantic.TypeAdapter(Value).validate_python({"name": "a"}) == Value("a")
print("as before")
"""


def test_what_is_imported_so_does_what_it_did() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("as before\n", "")
