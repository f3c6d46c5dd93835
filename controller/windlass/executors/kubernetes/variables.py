"""Variables of a container, as Kubernetes takes them. Pure.

In: names and values, and the values that must not show. Out: `env` of a container; what holds such a value is only
named there, and kept for the attempt's Secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Variables:
    """`secret`: the name of the attempt's Secret; `hidden`: what it is to hold, by key."""

    def __init__(self, secret: str, masks: tuple[str, ...]) -> None:
        self._secret = secret
        self._masks = masks
        self._mask = Mask(masks) if masks else None
        self.hidden: dict[str, str] = {}

    def of(self, env: Mapping[str, str], unset: Sequence[str] = (), owner: str = "") -> list[dict[str, Any]]:
        """`owner`: of which container, the step's own when empty. `unset` hides what the image sets, as far as an
        empty value does."""
        found = [self._one(name, value, owner) for name, value in env.items()]
        return found + [{"name": name, "value": ""} for name in unset if name not in env]

    def _one(self, name: str, value: str, owner: str) -> dict[str, Any]:
        if not self._is_hidden(value):
            return {"name": name, "value": literal(value)}
        key = f"env.{owner}.{name}" if owner else f"env.{name}"
        self.hidden[key] = value
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": self._secret, "key": key}}}

    def _is_hidden(self, value: str) -> bool:
        if self._mask is None:
            return False
        stretches = self._mask.stretches(value.encode("utf-8", "surrogateescape"))
        return bool(stretches) or any(mask in value for mask in self._masks)


def literal(text: str) -> str:
    """As it is: Kubernetes would fill in `$(NAME)`, and make one of `$$`."""
    return text.replace("$", "$$")
