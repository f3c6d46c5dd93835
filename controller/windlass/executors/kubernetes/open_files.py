"""As many open files as the system allows this process: each Pod that runs has its log open here.

In: nothing. Out: the soft limit is the hard one. The soft limit of 1,024 that many systems give is for programs that
use `select`; processes of the local runner are not ours but their supervisor's, and keep theirs.
"""

from __future__ import annotations

import contextlib
import resource


def allow_many() -> None:
    """A refusal leaves it as it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
