"""The exception tree. Outside errors are wrapped at the border with `raise … from`.

WindlassError                 everything we expect; its text is fit for a user
├── UsageError                the command line or server file is wrong (exit 2)
├── InputError                an input value does not fit (422); carries pointers
├── ProblemsError             files that cannot be used; carries Problems
├── ExpressionError           a CEL expression failed while it was evaluated
├── NotFoundError             no such repository, workflow, run, step (404)
├── ForbiddenError            who asks may not do it (403)
├── ConflictError             the state does not allow it (409)
├── SecretError               a secret cannot be had; carries the cause of the step's end
├── SourceError               a repository cannot be fetched or read
├── LedgerError               the database refused
│   └── FencedError           another controller has taken over: stop at once
├── LeaseError                the lease of the election cannot be read or written now
└── ServerUnreachableError    the server could not be reached (exit 3)

Message text decides nothing; the class does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.problems import Problem


class WindlassError(Exception):
    """Everything we expect. The text is one or a few sentences for a user, without secrets."""


class UsageError(WindlassError):
    """The command line, environment or server file is wrong; `hint` says what would be right."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One refused value: `pointer` is a JSON pointer below the inputs (`/replicas`, `/parts/0`)."""

    pointer: str
    message: str


class InputError(WindlassError):
    """Inputs that do not fit their declarations, all at once."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        super().__init__("; ".join(f"{p.pointer.lstrip('/') or 'inputs'}: {p.message}" for p in problems))
        self.problems = tuple(problems)


class ProblemsError(WindlassError):
    """Files that cannot be used."""

    def __init__(self, problems: Sequence[Problem], source: Callable[[str], str | None] | None = None) -> None:
        """`source` gives the text of a file, to show the line of a problem."""
        super().__init__("; ".join(f"{p.file}:{p.span.line}:{p.span.column}: {p.message}" for p in problems[:3]))
        self.problems = tuple(problems)
        self.source = source


class ExpressionError(WindlassError):
    """An expression could not be evaluated; the text names the expression, never a secret."""


class NotFoundError(WindlassError):
    """No such repository, workflow, run, step, attempt or log."""


class ForbiddenError(WindlassError):
    """Who asks is known and may not do it; the text names the rule."""


class ConflictError(WindlassError):
    """The state of the thing does not allow what was asked."""


class SourceError(WindlassError):
    """A repository cannot be fetched or read. `reason` is a CamelCase condition reason."""

    def __init__(self, message: str, reason: str = "FetchFailed", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after


class SecretError(WindlassError):
    """A secret cannot be had. `cause` is secret-not-found, secret-denied or secret-failed; the text names places and
    recipients, never a value. `again`: the store may answer if it is asked again in a moment."""

    def __init__(self, cause: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        self.again = again


class LedgerError(WindlassError):
    """The database refused or cannot be reached."""


class FencedError(LedgerError):
    """Another controller holds a newer epoch: nothing of ours may be written any more."""


class LeaseError(WindlassError):
    """The place where the lease of the election stands cannot be asked now; the same again later may work."""


class ServerUnreachableError(WindlassError):
    """No server answered at the address that was asked, or no cluster; `hint` says what could be tried."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
