"""What the tests of the contract ask of each kind of executor, and what kinds that run shell scripts have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from windlass.runs.model import LaunchPart

if TYPE_CHECKING:
    from tests.executors.conftest import Seen

    from windlass.executors.base import Executor
    from windlass.runs.model import AttemptKey, Launch


class Bench(Protocol):
    """An executor under test, and a hand on the world its attempts live in."""

    @property
    def seen(self) -> Seen: ...

    def executor(self) -> Executor:
        """A new one over the same world, as after a restart; `seen` is its sink."""

    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch:
        """An attempt that writes `hello\n` to its log and waits for `finish`."""

    def be_silent(self, key: AttemptKey) -> None:
        """Nothing is written for longer than the quiet timeout."""

    def parted(self, step: str, *runs: tuple[bool, bool]) -> Launch:
        """Parts that run after a success and after a failure or not; the first that runs waits for `finish`."""

    def finish(self, key: AttemptKey, exit_code: int = 0, outputs: bytes = b"") -> None: ...

    def starts(self, key: AttemptKey) -> int:
        """How often its program has really been started."""


class ShellBench(ABC):
    """Attempts are shell scripts that say hello and wait for `finish`, each kind in its own way."""

    SCRIPT: str

    @abstractmethod
    def launch(self, step: str = "step", output_limit: int = 4096, quiet_timeout: int | None = None) -> Launch: ...

    def be_silent(self, key: AttemptKey) -> None:
        del key  # its program is: it waits for `finish`

    def parted(self, step: str, *runs: tuple[bool, bool]) -> Launch:
        script = f"test -e held && exit; touch held; {self.SCRIPT}"
        argv = ("sh", "-e", "{script}")
        parts = [LaunchPart(script, f"{n}", argv, on_success=s, on_failure=f) for n, (s, f) in enumerate(runs)]
        return replace(self.launch(step), script=None, argv=(), parts=tuple(parts))


class ContainerBench(ShellBench):
    SCRIPT = """
    echo hello
    until [ -e /tmp/code ]; do sleep 0.02; done
    cat /tmp/outputs >> "$WINDLASS_OUTPUT"
    exit "$(cat /tmp/code)"
    """
