"""Which model reads which kind of document. A model is imported when it is asked for: most commands need one."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from pydantic import BaseModel

from windlass_schemas.head import API_VERSION

_MODULES = {"Workflow": "workflow", "Action": "action", "Repository": "repository", "Test": "testfile"}


class _Models(Mapping[str, type[BaseModel]]):
    def __getitem__(self, kind: str) -> type[BaseModel]:
        model: type[BaseModel] = getattr(import_module(f"windlass_schemas.{_MODULES[kind]}"), kind)
        return model

    def __contains__(self, kind: object) -> bool:
        return kind in _MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


MODELS: Mapping[str, type[BaseModel]] = _Models()

__all__ = ["API_VERSION", "MODELS"]
