"""The outputs of an attempt, and the files that are collected from: what its Pod is asked for at its end.

In: a Pod whose program has ended. Out: the bytes of $WINDLASS_OUTPUT, without what must not show; the working directory
on this disk, if somebody waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.executors.kubernetes.attempt import OWES
from windlass.executors.kubernetes.concluding import outputs_of, shown
from windlass.executors.kubernetes.emptying import LostError, Remains

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from windlass.executors.kubernetes.attempt import Remembered
    from windlass.executors.kubernetes.pods import Pod
    from windlass.kube.client import Client


class Left:
    def __init__(self, client: Client, namespace: str, pod: Pod, kept: Remembered, masks: Sequence[str] | None) -> None:
        """`masks` None: what must not show is not known any more, and so no outputs are."""
        self._remains = Remains(client, namespace, pod.metadata.name)
        self._pod = pod
        self._kept = kept
        self._masks = masks

    async def brought(self, folder: Path, exit_code: int | None, *, good: bool) -> tuple[bytes, str | None]:
        """The outputs, and why something of what it left cannot be had. `exit_code` None: nothing ran to its end, and
        nothing is fetched. Raises OSError."""
        limit, masks = self._kept.limit, self._masks
        said = outputs_of(self._pod, limit, masks) if masks is not None else b""
        if not self._kept.keeps or exit_code is None:
            return said, None
        outputs = b""
        try:
            raw = await self._remains.outputs(self._kept.limit) if self._kept.outputs and masks is not None else None
            outputs = said if raw is None else shown(raw, limit, masks or ())
            await self._remains.fetch(folder, self._pod.metadata.annotations.get(OWES), outputs, good=good)
        except LostError as error:
            return outputs, f"what it left in its Pod cannot be fetched: {error}"
        return outputs, None
