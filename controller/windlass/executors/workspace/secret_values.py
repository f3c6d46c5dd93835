"""Secrets, just before the start: the values take the place of their names, for this attempt alone.

In: a launch that names secrets, and two ways to ask for their values: those that the run was given, those that a
reference stands for. Out: the launch that goes on, with the values in its environment and files, and on the list of
what its log and outputs must not show. Nothing is kept here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import SecretError
from windlass.executors.workspace.pieces import PieceError
from windlass.plan.placeholders import filled, placeholder
from windlass.plan.secret_names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.executors.workspace.pieces import Place
    from windlass.runs.model import Launch, SecretScope

    # (run, names) -> values by name; raises WindlassError
    Reveal = Callable[[str, Sequence[str]], Mapping[str, str]]
    # (references by name, whose) -> values by name; raises SecretError
    Resolve = Callable[[Mapping[str, str], SecretScope], Mapping[str, str]]


class SecretValues:
    """`reveal` gives the values that the run was given; what it does not know is missing in its answer."""

    cause = "secret-failed"
    verb = "giving it its secrets"

    def __init__(self, reveal: Reveal, resolve: Resolve) -> None:
        self._reveal = reveal
        self._resolve = resolve

    def wants(self, launch: Launch) -> bool:
        return bool(launch.secrets)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        values = {**self._given(launch, place), **self._resolved(launch)}
        missing = [display_name(name) for name in launch.secrets if name not in values]
        if missing:
            raise PieceError("secret-failed", f"not known any more: {', '.join(missing)}")
        _check_variables(launch, values)
        return replace(
            launch,
            env={name: filled(text, values) for name, text in launch.env.items()},
            parts=tuple(
                replace(part, env={name: filled(text, values) for name, text in part.env.items()})
                for part in launch.parts
            ),
            files=tuple(replace(file, content=filled(file.content, values)) for file in launch.files),
            services=tuple(
                replace(service, env={name: filled(text, values) for name, text in service.env.items()})
                for service in launch.services
            ),
            registries=tuple(
                replace(registry, password=filled(registry.password, values)) for registry in launch.registries
            ),
            masks=tuple(dict.fromkeys(values.values())),
        )

    def _given(self, launch: Launch, place: Place) -> Mapping[str, str]:
        names = [name for name in launch.secrets if name not in launch.references]
        return self._reveal(place.key.run, names) if names else {}

    def _resolved(self, launch: Launch) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for environment, references in _by_environment(launch).items():
            assert launch.scope is not None
            try:
                found |= self._resolve(references, replace(launch.scope, environment=environment))
            except SecretError as error:
                raise PieceError(error.cause, str(error)) from error
        return found


def _check_variables(launch: Launch, values: Mapping[str, str]) -> None:
    """Raises PieceError."""
    held = [name for name, value in values.items() if "\0" in value]
    given = (launch.env, *(part.env for part in launch.parts), *(service.env for service in launch.services))
    odd = [name for name in held if any(placeholder(name) in text for env in given for text in env.values())]
    if odd:
        names = ", ".join(map(display_name, odd))
        raise PieceError("secret-failed", f"{names}: NUL bytes cannot stand in a variable: give it as a file")


def _by_environment(launch: Launch) -> dict[str | None, dict[str, str]]:
    """Nearly always one: a nested workflow may be lent secrets of another."""
    own = launch.scope.environment if launch.scope is not None else None
    found: dict[str | None, dict[str, str]] = {}
    for name, reference in launch.references.items():
        found.setdefault(launch.lent.get(name, own), {})[name] = reference
    return found
