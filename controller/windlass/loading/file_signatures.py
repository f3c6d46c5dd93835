"""The signatures of a repository's own files, and whether a verdict on one of them still holds by them.

In: what became of each file. Out: a `Signature` by target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.loading.signatures import Signature, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from windlass.loading.examine import FileResult


def signatures_of(results: Iterable[FileResult]) -> dict[str, Signature]:
    """By target: of each action and workflow whose shape is right."""
    return {
        target_of_file(result): Signature(result.kind == "Action", result.facts.signature or {})
        for result in results
        if result.facts is not None and result.kind in ("Action", "Workflow")
    }


def target_of_file(result: FileResult) -> str:
    """What `uses: ./…` says: the folder of an action, the file of a workflow."""
    return "./" + (result.path.rpartition("/")[0] if result.kind == "Action" else result.path)


def is_outdated(result: FileResult, signatures: Mapping[str, Signature]) -> bool:
    """A signature that the verdict relied on has changed since, or is known by now."""
    return any(digest != digest_of(target, signatures) for target, digest in result.relied)
