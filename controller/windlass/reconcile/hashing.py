"""`hashFiles` answered while a run is created, and frozen in its plan.

In: a plan, and a way to hash the files of its commit. Out: the plan with the answers in it, and its bytes. Plans
without a call cost one search in their bytes.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from windlass.errors import ExpressionError, SourceError
from windlass.plan.codec import to_bytes, to_object
from windlass.plan.hashes import FUNCTION, hash_key, wanted_globs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.plan.model import Plan

    HashFiles = Callable[[Sequence[str]], str]
    HashFilesOf = Callable[[str, str | None, Sequence[str]], str]  # of a repository at a commit


def hash_nothing(globs: Sequence[str]) -> str:
    """For callers without a repository, such as workflow tests: equal globs have equal digests."""
    return hashlib.sha256(hash_key(globs).encode()).hexdigest()


def with_hashes(plan: Plan, hash_files: HashFiles) -> tuple[Plan, bytes]:
    """The plan with what each call of `hashFiles` gives. Raises ExpressionError when the files cannot be read."""
    raw = to_bytes(plan)
    if FUNCTION.encode() not in raw:
        return plan, raw
    known = {"inputs": plan.inputs, "event": plan.event, "repository": {"name": plan.repository}}
    try:
        hashes = {hash_key(globs): hash_files(globs) for globs in wanted_globs(to_object(plan), known)}
    except SourceError as error:
        raise ExpressionError(f"hashFiles: {error}") from error
    plan = replace(plan, hashes=hashes)
    return plan, to_bytes(plan)
