"""A `.git` beside files that are there already, for a step with `checkout: {git: true}`.

In: a folder with the files of a commit, a repository on this machine that has its history. Out: a repository of its
own: HEAD detached at the commit, all its history, the tags, no remote, no hook, nothing that leads back to where it
came from. Objects are copied and never linked: a step may do with them what it likes. The index is made of the commit
and what is in the folder, so `git status` tells what differs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from windlass.errors import SourceError
from windlass.sources.command import DEFAULT_LIMITS, Limits, git_program, run_git
from windlass.sources.environment import git_environment, write_global_config
from windlass.sources.local_refs import find_git_folder
from windlass.sources.location import Location

DOING = "make the history of the checkout"
TAGS = "refs/tags/*"
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--update-shallow")
_LONGEST_STATUS = 1024 * 1024


def give_history(
    folder: Path, commit: str, source: Path, *, tags: str = TAGS, timeout: float, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Makes `folder/.git`. `source` is a repository or its git folder, `tags` the refs in it that become tags.

    Raises SourceError.
    """
    git_dir = folder / ".git"
    object_format = "sha256" if len(commit) == 64 else "sha1"
    run_git(
        ["init", "--quiet", "--template=", f"--object-format={object_format}", str(folder)], git_dir=None, doing=DOING
    )
    with tempfile.TemporaryDirectory(prefix="windlass-git-") as own:
        config = Path(own) / "gitconfig"
        write_global_config(config, [str(source)])
        environment = git_environment(
            git_program(),
            Location(str(source), local=True),
            global_config=config,
            config={"transfer.fsckObjects": "false"},  # they were checked when they came, or are the user's own
        )
        wanted = [commit, f"+{tags}:{TAGS}"]
        run_git(
            [*_FETCH, "--no-recurse-submodules", "--end-of-options", str(source), *wanted],
            git_dir=git_dir,
            environment=environment,
            timeout=timeout,
            limits=limits,
            sealed=True,
            doing=DOING,
        )
    run_git(["update-ref", "--no-deref", "--end-of-options", "HEAD", commit], git_dir=git_dir, doing=DOING)
    _make_index(folder, git_dir, commit, timeout)


def _make_index(folder: Path, git_dir: Path, commit: str, timeout: float) -> None:
    """`status` refreshes it: plumbing such as `git diff-index` would else take every file for a changed one."""
    where = [f"--work-tree={folder}"]
    run_git([*where, "read-tree", commit], git_dir=git_dir, timeout=timeout, doing=DOING)
    environment = git_environment(git_program()) | {"GIT_OPTIONAL_LOCKS": "1"}
    quick = ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"]
    try:
        run_git(
            [*where, *quick],
            git_dir=git_dir,
            environment=environment,
            timeout=timeout,
            limit=_LONGEST_STATUS,
            doing=DOING,
        )
    except SourceError as error:
        if error.reason != "TooLarge":  # the answer is of no interest
            raise


def give_history_of_work_tree(folder: Path, commit: str | None, root: Path, *, timeout: float) -> None:
    """The same for a copy of the user's own checkout. Raises SourceError when `root` is not the root of one."""
    if find_git_folder(root) is None:
        raise SourceError(f"{root} has no .git: checkout with git needs the root of a git repository", "NotARepository")
    if commit is None:
        raise SourceError(f"{root} has no commit yet: there is no history to check out", "EmptyRepository")
    give_history(folder, commit, root, timeout=timeout)
