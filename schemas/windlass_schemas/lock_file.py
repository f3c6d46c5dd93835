"""windlass.lock: which commit each library stands for (language page, "Libraries"). `windlass lock` writes it.

In: the mapping of the file. Out: a `LockFile`. A library of a library is called after both: `infra/base`.
"""

from typing import Annotated

from pydantic import Field

from windlass_schemas.names import LABEL_PATTERN, name_type
from windlass_schemas.paths import Folder
from windlass_schemas.repository import GitUrl
from windlass_schemas.written import Maybe, Text, Written

DEEPEST = 10  # libraries of libraries
_LABEL = LABEL_PATTERN.strip("^$")
COMMIT_PATTERN = r"^[0-9a-f]{40}([0-9a-f]{24})?$"
HASH_PATTERN = r"^sha256:[0-9a-f]{64}$"

LockedName = Annotated[
    str,
    name_type(
        rf"^{_LABEL}(/{_LABEL}){{0,{DEEPEST - 1}}}$",
        "invalid-name",
        f"a locked library is named ALIAS, a library of it ALIAS/ALIAS, at most {DEEPEST} deep",
        "The alias in windlass.yaml; of a library of a library ALIAS/ALIAS.",
    ),
]
CommitId = Annotated[
    str,
    name_type(COMMIT_PATTERN, "invalid-commit", "a commit is written with all its 40 or 64 digits", "A whole id."),
]
ContentHash = Annotated[
    str,
    name_type(HASH_PATTERN, "invalid-hash", "a hash is sha256: and 64 digits, as windlass lock writes it", "SHA-256."),
]


class LockedLibrary(Written):
    """One library, pinned."""

    git: GitUrl = Field(description="The URL, as in windlass.yaml.")
    ref: Maybe[Text] = Field(default=None, min_length=1, description="The ref, as in windlass.yaml.")
    path: Maybe[Folder] = Field(default=None, description="The folder, as in windlass.yaml.")
    commit: CommitId = Field(description="The commit that the ref stood for when it was locked.")
    hash: ContentHash = Field(description="The hash of the contents of the folder at that commit.")


class LockFile(Written):
    """windlass.lock."""

    libraries: dict[LockedName, LockedLibrary] = Field(default_factory=dict, description="Name to pinned library.")
