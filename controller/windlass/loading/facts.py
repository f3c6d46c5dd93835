"""What other files need to know of a file: its name, what it uses, what it asks for.

In: a valid model and its site. Out: `Facts`, plain values that can be cached and sent between processes. Checks over
files (crossing.py) work on these alone, so an unchanged file need not be read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.frozen import dataclass
from windlass.loading.positions import written
from windlass.loading.signatures import signature_of
from windlass.problems import START, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path


@dataclass(frozen=True, slots=True)
class Mention:
    """A text that names something of another file: where it stands, and what is given with it."""

    text: str
    path: str
    span: Span
    given: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    name: str = ""
    name_span: Span = START
    uses: tuple[Mention, ...] = ()
    workflows: tuple[Mention, ...] = ()  # workflows waited for (triggers) or tested
    hooks: tuple[tuple[Mention, str], ...] = ()  # a hook's name, and its verification as text
    inputs: tuple[tuple[str, bool], ...] = ()  # name, required
    deprecated: str | None = None
    entrypoint: Mention | None = None  # an action's script file
    signature: Mapping[str, Any] | None = None  # inputs and outputs as written, of a workflow or an action


def facts_of(site: Site, model: Any) -> Facts:
    value = site.value
    metadata = value.get("metadata")
    return Facts(
        name=metadata["name"] if metadata else "",
        name_span=site.document.value_span(("metadata", "name")),
        uses=tuple(_uses(site, model)),
        workflows=tuple(_workflows(site)),
        hooks=tuple(_hooks(site)),
        inputs=tuple((name, declared.is_always_required) for name, declared in getattr(model, "inputs", {}).items()),
        deprecated=getattr(model, "deprecated", None),
        entrypoint=_mention(site, site.value["entrypoint"], ("entrypoint",)) if "entrypoint" in site.value else None,
        signature=signature_of(value) if value["kind"] in ("Action", "Workflow") else None,
    )


def _uses(site: Site, model: Any) -> list[Mention]:
    if not hasattr(model, "step_items") or "uses" not in site.document.text:
        return []
    mentions = []
    for item in (*model.step_items(), *model.finally_items()):
        if item.step.uses is not None:
            given = tuple((name, site.document.key_span((*item.path, "with", name))) for name in item.step.with_)
            mentions.append(_mention(site, item.step.uses, (*item.path, "uses"), given))
    return mentions


def _workflows(site: Site) -> list[Mention]:
    value = site.value
    if value["kind"] == "Test":
        return [_mention(site, value["workflow"], ("workflow",))]
    chained = (value.get("triggers") or {}).get("workflow") or ()
    return [_mention(site, entry["name"], ("triggers", "workflow", i, "name")) for i, entry in enumerate(chained)]


def _hooks(site: Site) -> list[tuple[Mention, str]]:
    hooks = (site.value.get("triggers") or {}).get("webhook") or ()
    return [
        (_mention(site, hook["name"], ("triggers", "webhook", i, "name")), repr(sorted(hook["verify"].items())))
        for i, hook in enumerate(hooks)
    ]


def _mention(site: Site, text: str, path: Path, given: tuple[tuple[str, Span], ...] = ()) -> Mention:
    return Mention(text, written(path), site.document.value_span(path), given)
