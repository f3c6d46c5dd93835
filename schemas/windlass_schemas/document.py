"""Which model reads which kind of document."""

from pydantic import BaseModel

from windlass_schemas.action import Action
from windlass_schemas.head import API_VERSION
from windlass_schemas.repository import Repository
from windlass_schemas.testfile import Test
from windlass_schemas.workflow import Workflow

MODELS: dict[str, type[BaseModel]] = {
    "Workflow": Workflow,
    "Action": Action,
    "Repository": Repository,
    "Test": Test,
}

__all__ = ["API_VERSION", "MODELS"]
