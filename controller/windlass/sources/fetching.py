"""How a commit is fetched: little the first time, what is new afterwards, everything if it must be.

In: how to run git, how to ask whether an object is here, the commit that is wanted, refs that may lead to it. Out: the
commit, here. The first fetch is shallow; later ones are not, so that the history of a push is known. The commit is
asked for by its id; a server that does not give ids is asked for the refs, one that knows no shallow fetch for
everything, within the limits (G39).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    commit: str,
    refs: Sequence[str],
    url: str,
    ref: str,
    *,
    first: bool,
    deepen: bool = False,
) -> None:
    """Fetches `commit` into `ref`; `refs` are full names there. Raises the first SourceError that says why not.

    `deepen`: the commit is what a ref stood for once, so all of its history is looked through before giving up.
    """
    wanted = f"+{commit}:{ref}"
    named = [f"+{name}:{ref}" for name in refs]
    shallow, whole = ("--depth=1",), ()
    attempts = [(shallow, wanted), *((shallow, one) for one in named), *((whole, one) for one in named)]
    if not first:
        attempts = [(whole, wanted), (shallow, wanted), *((whole, one) for one in named)]
    if deepen:
        attempts += [(("--unshallow",), one) for one in named]
    refused: SourceError | None = None
    for depth, refspec in attempts:
        try:
            network([*_OPTIONS, *depth, "--end-of-options", url, refspec])
        except SourceError as error:
            if error.reason in _FINAL + _FINAL_TOO:
                raise
            refused = refused or error
        else:
            if has(commit):
                return
    moved = f"{shown_ref(refs[0])} has moved on meanwhile" if refs else f"commit {commit} is not there"
    raise refused or SourceError(moved, "SourceMoved", retry_after=0)


def shown_ref(ref: str) -> str:
    """A full ref name in the words of people."""
    kinds = {"refs/heads/": "the branch", "refs/tags/": "the tag"}
    kind = next((prefix for prefix in kinds if ref.startswith(prefix)), None)
    return "the default branch" if kind is None else f"{kinds[kind]} {ref.removeprefix(kind)}"


def deepen(network: Callable[[Sequence[str]], None], url: str, commit: str) -> None:
    """Fetches what a shallow fetch left out before a commit. Raises SourceError."""
    network([*_OPTIONS[:-1], "--unshallow", "--end-of-options", url, commit])


def fetch_tags(network: Callable[[Sequence[str]], None], url: str, under: str) -> None:
    """Every tag, as a ref `under`; those that are gone go here too. Raises SourceError."""
    network([*_OPTIONS, "--prune", "--end-of-options", url, f"+refs/tags/*:{under}*"])
