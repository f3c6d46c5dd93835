"""Which WorkflowRuns of ended runs go: after their time, and the oldest when there are too many. The runs stay.

In: ended objects. Out: when one goes, and which ones are too many. Pure but for what it remembers.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from windlass.operator.kinds import created_at, millis, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from windlass.clock import Millis
    from windlass.operator.workqueue import Key

Group = tuple[str, str, str]  # namespace, repository, workflow


class History:
    """`keep` ended objects of each workflow, each for `ttl` at most; one with a time of its own is not counted."""

    def __init__(self, keep: int, ttl: Millis) -> None:
        self._keep = keep
        self._ttl = ttl
        self._lock = threading.Lock()
        self._ended: dict[Group, dict[Key, Millis]] = defaultdict(dict)

    def due(self, found: Mapping[str, Any]) -> Millis:
        """When an ended object goes."""
        own = _own_ttl(found)
        return _ended_at(found) + (self._ttl if own is None else own)

    def ended(self, key: Key, found: Mapping[str, Any]) -> list[Key]:
        """One more has ended. Returns those that are too many by now, oldest first."""
        if _own_ttl(found) is not None:
            return []
        with self._lock:
            ended = self._ended[_group(key, found)]
            ended[key] = _ended_at(found)
            oldest = sorted(ended, key=lambda one: (ended[one], one))
            return oldest[: max(0, len(oldest) - self._keep)]

    def gone(self, key: Key, found: Mapping[str, Any]) -> None:
        with self._lock:
            self._ended[_group(key, found)].pop(key, None)


def _group(key: Key, found: Mapping[str, Any]) -> Group:
    spec = spec_of(found)
    known = spec if isinstance(spec, dict) else {}
    return key.namespace, str(known.get("repository")), str(known.get("workflow"))


def _own_ttl(found: Mapping[str, Any]) -> Millis | None:
    spec = spec_of(found)
    own = spec.get("ttlSecondsAfterFinished") if isinstance(spec, dict) else None
    return own * 1000 if isinstance(own, int) and not isinstance(own, bool) and own >= 0 else None


def _ended_at(found: Mapping[str, Any]) -> Millis:
    return millis(status_of(found).get("finishedAt")) or created_at(found)
