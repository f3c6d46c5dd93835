"""What is allowed and rarely meant: warnings.

In: a workflow or an action. Out: images without a version, variables that change how programs are loaded, characters
that make a reviewer see something else than what runs (reliability catalogue E09, Y25).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from windlass.loading.checks.site import TextMistake
from windlass.loading.checks.texts import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem

RISKY = re.compile(
    r"(LD|DYLD)_[A-Z_]+|BASH_ENV|ENV|IFS|PYTHON(PATH|HOME|STARTUP)|NODE_OPTIONS|PERL5(OPT|LIB)|RUBY(OPT|LIB)"
)
BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069]")


def check_hygiene(site: Site, items: Iterable[StepItem]) -> Iterator[Problem]:
    yield from _check_env(site, site.value.get("env"), ("env",))
    yield from _check_image(site, _below(site.value, "defaults", "image"), ("defaults", "image"))
    for item in items:
        step: Any = site.value
        for part in item.path:
            step = step[part]
        yield from _check_env(site, step.get("env"), (*item.path, "env"))
        for index, written in enumerate(step["run"] if isinstance(step.get("run"), list) else ()):
            yield from _check_env(site, written.get("env"), (*item.path, "run", index, "env"))
        yield from _check_image(site, step.get("image"), (*item.path, "image"))


def check_action_hygiene(site: Site) -> Iterator[Problem]:
    yield from _check_env(site, site.value.get("env"), ("env",))
    run = site.value.get("run")
    for index, written in enumerate(run if isinstance(run, list) else ()):
        yield from _check_env(site, written.get("env"), ("run", index, "env"))
    yield from _check_image(site, site.value.get("image"), ("image",))


def check_characters(site: Site) -> Iterator[Problem]:
    """Bidirectional controls anywhere in the text, comments included."""
    text = site.document.text
    if text.isascii():
        return
    for found in BIDIRECTIONAL.finditer(text):
        message = f"the invisible character U+{ord(found.group()):04X} changes the order in which text is shown"
        yield site.in_file(found.start(), "bidirectional-text", message, "delete it")


def _below(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _check_env(site: Site, env: Any, path: Path) -> Iterator[Problem]:
    for name in env if isinstance(env, dict) else ():
        if RISKY.fullmatch(name):
            message = f"{name} changes how programs are loaded or started, in every program of the step"
            yield site.at_key((*path, name), "risky-env-name", message)


def _check_image(site: Site, image: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(image, str) or OPEN in image or "@" in image:
        return
    last = image.rpartition("/")[2]
    if ":" not in last or last.endswith(":latest"):
        message = f"the image {image} has no version: it may be another one tomorrow"
        yield site.in_text(path, "image-without-tag", TextMistake(message, "write a tag or a digest"))
