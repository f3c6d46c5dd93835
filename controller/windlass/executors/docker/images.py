"""Images: pulled when the engine does not have one, with its progress as lines of the attempt's log.

In: an image as written. Out: it is there, or PullError with the engine's or the registry's own words.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from windlass.errors import WindlassError
from windlass.executors.docker.api import EngineAway, Refused
from windlass.executors.docker.credentials import registry_auth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.executors.docker.api import Cutter, Engine
    from windlass.runs.beside import LaunchRegistry

_TOLD = ("Pull complete", "Already exists")


class PullError(WindlassError):
    """The image could not be had."""


def with_tag(image: str) -> str:
    """A name without tag and digest means `latest`: asked without one, the engine would pull every tag."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def pull(
    engine: Engine, image: str, say: Callable[[str], None], cutter: Cutter, given: Sequence[LaunchRegistry] = ()
) -> None:
    """`say` is given lines for people; `given`: credentials of the attempt's own. Raises EngineAway and PullError."""
    say(f"pulling the image {image}")
    query = {"fromImage": with_tag(image)}
    try:
        headers = {"X-Registry-Auth": auth} if (auth := registry_auth(image, os.environ, given)) is not None else {}
        with engine.exchange(
            "POST", "/images/create", None, headers, timeout=None, query=query, cutter=cutter
        ) as answer:
            while line := answer.readline():
                _tell(json.loads(line), say)
    except Refused as refused:
        raise PullError(f"the image {image} cannot be pulled: {refused}") from refused
    except ValueError as error:
        raise EngineAway(f"what the engine says of the pull cannot be read: {error}") from error


def _tell(news: dict[str, Any], say: Callable[[str], None]) -> None:
    if "error" in news:
        raise PullError(f"the image cannot be pulled: {news['error']}")
    status = str(news.get("status", ""))
    if "id" not in news or status in _TOLD:
        say(f"{news['id']}: {status}" if "id" in news else status)
