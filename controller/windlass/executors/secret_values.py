"""Secrets, just before the start: the values take the place of their names, for this attempt alone.

In: a launch that names secrets, and a way to ask for their values. Out: the launch that goes on, with the values in its
environment and files, and on the list of what its log and outputs must not show. Nothing is kept here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.executors.pieces import PieceError
from windlass.plan.placeholders import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from windlass.executors.pieces import Place
    from windlass.runs.model import Launch

    # (run, names) -> values by name; raises WindlassError
    Reveal = Callable[[str, Sequence[str]], Mapping[str, str]]


class SecretValues:
    """`reveal` gives the values of a run's secrets; what it does not know is missing in its answer."""

    cause = "secret-failed"
    verb = "giving it its secrets"

    def __init__(self, reveal: Reveal) -> None:
        self._reveal = reveal

    def wants(self, launch: Launch) -> bool:
        return bool(launch.secrets)

    def prepare(self, launch: Launch, place: Place) -> Launch:
        values = self._reveal(place.key.run, launch.secrets)
        missing = [name for name in launch.secrets if name not in values]
        if missing:
            raise PieceError("secret-failed", f"not known any more: {', '.join(missing)}")
        return replace(
            launch,
            env={name: filled(text, values) for name, text in launch.env.items()},
            parts=tuple(
                replace(part, env={name: filled(text, values) for name, text in part.env.items()})
                for part in launch.parts
            ),
            files=tuple(replace(file, content=filled(file.content, values)) for file in launch.files),
            masks=tuple(dict.fromkeys(values.values())),
        )
