"""Which word was likely meant: the hint of every message about an unknown name.

In: a word and the known ones. Out: the nearest, or nothing when none is near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_COMPARED = 300  # comparing is slow, and a file can hold thousands of names
# What other tools call it.
ALIASES = {
    "jobs": "steps", "tasks": "steps", "on": "triggers", "when": "if", "condition": "if", "depends": "needs",
    "depends_on": "needs", "dependsOn": "needs", "dependencies": "needs", "script": "run", "cmd": "command",
    "container": "image", "environment": "env", "variables": "env", "vars": "env", "params": "inputs",
    "parameters": "inputs", "arguments": "with", "retries": "retry", "timeout-minutes": "timeout",
    "timeoutSeconds": "timeout", "cwd": "workingDirectory", "working-directory": "workingDirectory",
    "workdir": "workingDirectory", "continue-on-error": "continueOnError", "allowFailure": "continueOnError",
    "loop": "forEach", "withItems": "forEach", "strategy": "matrix", "schedules": "schedule", "webhooks": "webhook",
    "tz": "timezone", "zone": "timezone", "interval": "every", "choices": "enum", "options": "enum",
    "min": "minimum", "max": "maximum", "regex": "pattern", "onError": "finally", "id": "name", "max-parallel":
    "maxParallel", "fail-fast": "failFast",
}  # fmt: skip


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was likely meant, or None when nothing is near."""
    candidates = list(known)
    folded = {candidate.lower().replace("_", "").replace("-", ""): candidate for candidate in candidates}
    same = folded.get(word.lower().replace("_", "").replace("-", ""))
    if same is not None:
        return same
    if ALIASES.get(word) in candidates:
        return ALIASES[word]
    if len(candidates) > MOST_COMPARED:
        return None
    import difflib  # only for what is wrong

    # Of a short word two swapped letters are already a third.
    found = difflib.get_close_matches(word[:100], candidates, n=1, cutoff=0.6 if len(word) <= 5 else 0.7)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint: the nearest word, or all of a few."""
    candidates = list(known)
    found = nearest(word, candidates)
    if found is not None:
        return f"did you mean {found}?"
    return f"known here: {', '.join(sorted(candidates))}" if 0 < len(candidates) <= 12 else None
