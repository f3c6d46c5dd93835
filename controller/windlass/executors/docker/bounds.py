"""`resources` of a step or service → what the engine holds its container to.

In: requests and limits as Kubernetes quantities. Out: keys of HostConfig: a limit is never exceeded (over its memory
the program is ended, cause `oom-killed`), a request is a weight and a soft bound. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.policies.quantity import amount

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN = ("cpu", "memory")
_SHARES = 1024  # of one processor


def host_bounds(resources: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """Raises ValueError for what an engine does not count."""
    found: dict[str, int] = {}
    for part in ("requests", "limits"):
        for name, quantity in resources.get(part, {}).items():
            if name not in _KNOWN:
                raise ValueError(f"resources.{part}.{name}: the docker runner knows {' and '.join(_KNOWN)}")
            found |= _LIMITS[name](quantity) if part == "limits" else _REQUESTS[name](quantity)
    return found


def _memory(quantity: str) -> dict[str, int]:
    size = int(amount(quantity))
    return {"Memory": size, "MemorySwap": size}  # no swap beside it


_LIMITS = {"cpu": lambda quantity: {"NanoCpus": int(amount(quantity) * 10**9)}, "memory": _memory}
_REQUESTS = {
    "cpu": lambda quantity: {"CpuShares": max(2, int(amount(quantity) * _SHARES))},
    "memory": lambda quantity: {"MemoryReservation": int(amount(quantity))},
}
