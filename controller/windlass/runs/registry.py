"""Who pulls the images of an attempt. In: nothing. Out: `LaunchRegistry`, a part of `model.Launch`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LaunchRegistry:
    """`host` as in full names of images: Docker Hub is `docker.io`. `password` is a placeholder until the values of
    secrets are filled in."""

    host: str
    username: str
    password: str = field(repr=False)
