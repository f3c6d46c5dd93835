"""What an attempt has beside its program: helper containers, and who pulls the images.

In: nothing. Out: parts of `model.Launch`.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from windlass.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class LaunchRegistry:
    """`host` as in full names of images: Docker Hub is `docker.io`. `password` is a placeholder until the values of
    secrets are filled in."""

    host: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LaunchService:
    """A helper container beside the attempt, reachable under its name; it is there before the program starts, and its
    ports answer. `argv` empty: what the image runs. `resources` as of a Launch."""

    name: str
    image: str
    env: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
