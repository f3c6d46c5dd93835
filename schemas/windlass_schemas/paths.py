"""Folders of a repository: which ones Windlass reads. Every command needs them; most need no windlass.yaml."""

import re
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed, Written

FOLDER_PATTERN = r"^(?!\.git(/|$))(?!\.\.?(/|$))[^/\\\x00-\x1f]+(/(?!\.\.?(/|$))[^/\\\x00-\x1f]+)*/?$"


def read_folder(value: Any) -> str:
    """A folder of the repository, without a slash at its end. Raises `invalid-path`."""
    if isinstance(value, str) and len(value) < 1000 and re.fullmatch(FOLDER_PATTERN, value):
        return value.rstrip("/")
    raise PydanticCustomError("invalid-path", "write a folder of the repository, for example ci/workflows")


def read_folder_or_root(value: Any) -> str:
    """As `read_folder`; `.` is the root of the repository. Raises `invalid-path`."""
    return "." if value in (".", "./") else read_folder(value)


Folder = Annotated[str, Parsed(read_folder, {"type": "string", "pattern": FOLDER_PATTERN})]
FolderOrRoot = Annotated[
    str,
    Parsed(read_folder_or_root, {"anyOf": [{"const": "."}, {"type": "string", "pattern": FOLDER_PATTERN}]}),
]


class Paths(Written):
    """The folders that Windlass reads."""

    workflows: Folder = Field(default="workflows", description="Every .yaml and .yml below is a workflow.")
    actions: FolderOrRoot = Field(
        default="actions", description="Every folder in it with an action.yaml is an action; `.` is the root."
    )
    tests: Folder = Field(default="tests", description="Every .test.yaml below is a test.")
