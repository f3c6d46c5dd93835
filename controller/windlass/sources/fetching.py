"""How a commit is fetched: little the first time, what is new afterwards, everything if it must be.

In: how to run git, how to ask whether an object is here, the head that is wanted. Out: the commit, here. The
first fetch is shallow; later ones are not, so that the history of a push is known. The commit is asked for by its
id; a server that does not give ids is asked for the branch, one that knows no shallow fetch for everything, within the
limits (G39).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from windlass.sources.branch import Head

_OPTIONS = (
    *("fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
    *("--no-recurse-submodules", "--no-show-forced-updates", "--update-shallow"),
)

# What another form of the same question cannot mend.
_FINAL = ("AuthFailed", "HostKeyRejected", "RateLimited", "Redirected", "RepositoryNotFound", "Unreachable")
_FINAL_TOO = ("BadObjects", "CredentialMismatch", "DiskFull", "GitMissing", "ServerError", "Timeout")


def fetch_commit(
    network: Callable[[Sequence[str]], None],
    has: Callable[[str], bool],
    head: Head,
    url: str,
    ref: str,
    *,
    first: bool,
) -> None:
    """Fetches `head.commit` into `ref`. Raises the first SourceError that says why not."""
    wanted = f"+{head.commit}:{ref}"
    branch = f"+{'HEAD' if head.branch == 'HEAD' else 'refs/heads/' + head.branch}:{ref}"
    shallow, whole = ("--depth=1",), ()
    attempts = [(shallow, wanted), (shallow, branch), (whole, branch)]
    if not first:
        attempts = [(whole, wanted), (shallow, wanted), (whole, branch)]
    refused: SourceError | None = None
    for depth, refspec in attempts:
        try:
            network([*_OPTIONS, *depth, "--end-of-options", url, refspec])
        except SourceError as error:
            if error.reason in _FINAL + _FINAL_TOO:
                raise
            refused = refused or error
        else:
            if has(head.commit):
                return
    raise refused or SourceError(f"the branch {head.branch} has moved on meanwhile", "SourceMoved", retry_after=0)
