"""The parts of one attempt in their order: which is next, with which variables, and what became of those before.

In: the launch's parts, ends of programs. Out: the next part that is to run, its environment, the first failure. A
launch without parts has one here, which is not listed in the journal. Only builtins: the supervisor imports this.
"""

from __future__ import annotations

import os

from windlass.executors.attempt_folder.env_file import Refusal, take_variables

TYPE_CHECKING = False  # typing costs the supervisor half of its start
if TYPE_CHECKING:
    from typing import Any

    End = tuple[int | None, str | None, str | None]  # exit code, cause, message


class Parts:
    def __init__(self, launch: dict[str, Any]) -> None:
        self.folder: str = launch["folder"]
        self.parts: list[dict[str, Any]] = launch["parts"]
        self.listed: bool = launch["listed"]
        self.index = -1  # of the part that runs or ran last
        self.variables: dict[str, str] = launch["env"]  # grows by $WINDLASS_ENV
        self.failure: End | None = None  # of the first part that failed

    @property
    def more(self) -> bool:
        return self.index + 1 < len(self.parts)

    def advance(self) -> dict[str, Any] | None:
        """The next part that is to run; the others are passed over."""
        while self.more:
            self.index += 1
            part = self.parts[self.index]
            if part["runs"][self.failure is not None]:
                return part
        return None

    def environment(self, part: dict[str, Any]) -> dict[str, str]:
        unset = part["unset"]
        return {name: value for name, value in {**self.variables, **part["env"]}.items() if name not in unset}

    def hand_on(self, end: End) -> End:
        """Take what the part wrote for those after it. A file that cannot be taken makes a success an error."""
        if not self.more:
            return end
        try:
            variables = take_variables(self.folder)
        except Refusal as refusal:
            code, cause, _ = end
            return end if code or cause else (code, "env-invalid", str(refusal))
        for name, value in variables.items():
            if value is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = value
        return end

    def note(self, end: End) -> None:
        code, cause, _ = end
        if (code or cause) and self.failure is None:
            self.failure = end


def collect(fd: int) -> bytes:
    """What a pipe holds now, whoever goes on writing: it belongs to the part that has just ended."""
    found = []
    os.set_blocking(fd, False)
    try:
        for _ in range(16):  # of 64 KiB each: the largest pipe that a program can make of it
            found.append(os.read(fd, 65536))
    except BlockingIOError:
        pass  # empty
    os.set_blocking(fd, True)
    return b"".join(found)
