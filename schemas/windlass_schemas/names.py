"""What names look like (fine print, "Names"), as field types with an error of their own.

In: text. Out: the same text, or an error whose code is the rule. The patterns are published in the JSON
Schemas as they stand here.
"""

import re
from typing import Annotated, Any

from pydantic_core import PydanticCustomError

from windlass_schemas.written import Parsed

LABEL_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
STEP_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
VALUE_PATTERN = r"^[a-zA-Z][a-zA-Z0-9_-]{0,62}$"
ENV_PATTERN = r"^(?!WINDLASS_)[A-Za-z_][A-Za-z0-9_]*$"
SECRET_PATTERN = r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$"  # noqa: S105  # a pattern, no password
PLAIN_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
WORKFLOW_REFERENCE_PATTERN = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


def name_type(pattern: str, code: str, message: str, description: str) -> Parsed:
    """A field type for names of one pattern; `code` is the rule of what does not fit."""

    def read(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise PydanticCustomError(code, message)

    return Parsed(read, {"type": "string", "pattern": pattern, "description": description})


def read_env_name(value: Any) -> str:
    """An environment variable's name; WINDLASS_* belongs to the engine."""
    if isinstance(value, str) and re.fullmatch(ENV_PATTERN, value):
        return value
    if isinstance(value, str) and value.startswith("WINDLASS_"):
        raise PydanticCustomError("reserved-env-name", "names beginning with WINDLASS_ are set by Windlass itself")
    raise PydanticCustomError(
        "invalid-env-name", "an environment variable's name has letters, digits and _ and begins with no digit"
    )


Label = Annotated[
    str,
    name_type(
        LABEL_PATTERN,
        "invalid-name",
        "a name has 1 to 63 lower-case letters, digits and hyphens, and begins and ends with a letter or digit",
        "Lower-case letters, digits and hyphens, at most 63.",
    ),
]
StepName = Annotated[
    str,
    name_type(
        STEP_PATTERN,
        "invalid-step-name",
        "a step's name has 1 to 40 lower-case letters, digits and hyphens, and begins and ends with a letter or digit",
        "Lower-case letters, digits and hyphens, at most 40.",
    ),
]
ValueName = Annotated[
    str,
    name_type(
        VALUE_PATTERN,
        "invalid-value-name",
        "the name of an input or output begins with a letter and has letters, digits, _ and -, at most 63",
        "A letter, then letters, digits, _ and -, at most 63.",
    ),
]
EnvName = Annotated[str, Parsed(read_env_name, {"type": "string", "pattern": ENV_PATTERN})]
SecretName = Annotated[
    str,
    name_type(
        SECRET_PATTERN,
        "invalid-secret-name",
        "a secret's name has letters, digits, _ and -, and begins with a letter or _, at most 63",
        "Letters, digits, _ and -, at most 63.",
    ),
]
PlainName = Annotated[
    str,
    name_type(
        PLAIN_PATTERN,
        "invalid-name",
        "a name has 1 to 63 letters, digits, dots, _ and -, and begins and ends with a letter or digit",
        "Letters, digits, dots, _ and -, at most 63.",
    ),
]
WorkflowReference = Annotated[
    str,
    name_type(
        WORKFLOW_REFERENCE_PATTERN,
        "invalid-name",
        "write the name of a workflow of this repository, or repository/workflow",
        "The name of a workflow of this repository, or repository/workflow.",
    ),
]
