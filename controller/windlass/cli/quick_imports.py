"""Less work while modules of others are imported, for what a short command never asks of them.

In: nothing; `install` is called once, by the entry of the command, before a verb is imported. Out: the same modules,
sooner. Each of these makes much that only type checkers, or readers of YAML in Python, want: a check of one file spent
a third of its time there. What is made later is made as before; nothing else of a module is touched.

- Classes of values: `windlass.frozen`, which writes their methods when the first value is made.
- `pydantic_core.core_schema` describes 120 dictionaries as `TypedDict`, for type checkers; here they are plain classes.
- Patterns of PyYAML's own reader and resolver are compiled when they are first used: we read by libyaml.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

from windlass import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType


def install() -> None:
    dataclasses.dataclass = frozen.dataclass
    sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds what the path holds, and wraps the execution of the modules named in `EASED`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        ease = EASED.get(name)
        if ease is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = _eased(ease, loader.exec_module)
        return spec


def _eased(
    ease: Callable[[], AbstractContextManager[None]], execute: Callable[[ModuleType], None]
) -> Callable[[ModuleType], None]:
    def eased(module: ModuleType) -> None:
        with ease():
            execute(module)

    return eased


class _Plain(dict[str, Any]):
    def __init_subclass__(cls, *, total: bool = True) -> None:
        super().__init_subclass__()


@contextmanager
def _plain_dictionaries() -> Iterator[None]:
    import typing

    import typing_extensions

    before = typing.TypedDict, typing_extensions.TypedDict
    plain: Any = _Plain
    typing.TypedDict = typing_extensions.TypedDict = plain
    try:
        yield
    finally:
        typing.TypedDict, typing_extensions.TypedDict = before


class _Pattern:
    """Stands for a compiled pattern until it is asked for something."""

    def __init__(self, *given: Any) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        if name == "_compiled":
            self._compiled = re.compile(*self._given)
            return self._compiled
        return getattr(self._compiled, name)


@contextmanager
def _later_patterns() -> Iterator[None]:
    before = re.compile
    later: Any = _Pattern
    re.compile = later
    try:
        yield
    finally:
        re.compile = before


EASED: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "pydantic_core.core_schema": _plain_dictionaries,
    "yaml.constructor": _later_patterns,
    "yaml.reader": _later_patterns,
    "yaml.resolver": _later_patterns,
}
