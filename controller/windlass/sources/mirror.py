"""What a controller keeps of a repository: a bare mirror with every commit it still needs.

In: a location, a branch, a credential, a folder of ours. Out: the head of the branch, the files of a commit, their
contents, what changed between two commits. A commit that is pinned stays, whatever the server does to its history
(R17). There is no work tree and no submodule; a killed process leaves nothing that the next one cannot use.

One `Mirror` per folder and process; its methods may be called from any thread.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import SourceError
from windlass.sources import repair
from windlass.sources.blob_reader import BlobReader
from windlass.sources.branch import Head, check_branch, local_git_folder, local_head, remote_head
from windlass.sources.checkout import read_all, write_tree
from windlass.sources.clone import give_history
from windlass.sources.command import DEFAULT_LIMITS, Limits, git_program, run_git
from windlass.sources.environment import git_environment, write_global_config
from windlass.sources.failure import is_web_page, shown
from windlass.sources.fetching import deepen, fetch_commit, fetch_tags
from windlass.sources.history import author_of, changed_paths, is_ancestor
from windlass.sources.local_refs import OBJECT_ID, GitFolder, read_ref
from windlass.sources.named_refs import Named, local_named, named_commit, remote_named
from windlass.sources.tags import LocalTags, remote_tags
from windlass.sources.tree import MAX_ENTRIES, Tree, parse_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from windlass.sources.auth import Auth
    from windlass.sources.location import Location

NEWEST = "refs/windlass/newest"  # one name for every branch: `a` and `a/b` could not both be refs here
PINS = "refs/windlass/pins/"
TAGS = "refs/windlass/tags/"
MAX_READ = 64 * 1024 * 1024
_MAX_REFS_ANSWER = 1024 * 1024
_MAX_TAGS_ANSWER = 16 * 1024 * 1024
_PACKS_BEFORE_REPACK = 50
_HISTORY_TIMEOUT = 600.0  # seconds; a copy of all history, not a question
_TAGS_AGE = 10.0  # seconds; the steps of a run that begin together ask once


class Mirror:
    """`branch` None follows the server's default branch, or what is checked out in a local repository.

    `timeout` is in seconds, for each question and each fetch.
    """

    def __init__(
        self,
        folder: Path,
        location: Location,
        branch: str | None,
        auth: Auth | None = None,
        *,
        timeout: float = 60,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.location = location
        self.branch = check_branch(branch) if branch is not None else None
        self._folder = folder
        self._git_dir = folder / "mirror.git"
        self._auth = auth
        self._timeout = timeout
        self._limits = limits
        self._reader = BlobReader(self._git_dir, timeout=timeout, limits=limits)
        self._writing = threading.Lock()
        self._repaired = False
        self._local_tags = LocalTags()
        self._tags_fetched = float("-inf")

    def head(self) -> Head:
        """Where the branch is now. Cheap: files of a local repository, one ref of a remote one.

        Raises SourceError; "SourceMissing" when there is no such branch, "EmptyRepository" without any commit.
        """
        if self.location.local:
            return local_head(Path(self.location.url), self.branch, self._ask_local)
        return remote_head(self.branch, self._ls_remote)

    def fetch(self, head: Head) -> None:
        """Makes the commit and its files available here. Raises SourceError; what was here before stays."""
        with self._writing, repair.held(self._folder):
            self._prepare(head.commit)
            if not self._has(head.commit):
                self._fetch(head.commit, (head.ref,))
            if self._ref(NEWEST) != head.commit:
                self._git("update-ref", "--no-deref", "--end-of-options", NEWEST, head.commit)
            self._repack()

    def find(self, ref: str | None) -> Named:
        """The commit that a tag, a branch or a commit's whole id stands for now; None: the default branch.

        Cheap, as `head` is. Raises SourceError, "SourceMissing" when there is no such ref.
        """
        if ref is None:
            head = local_head(Path(self.location.url), None, self._ask_local) if self.location.local else None
            head = head or remote_head(None, self._ls_remote)
            return Named(head.commit, (head.ref,))
        known = named_commit(ref)
        if known is not None:
            return known
        return local_named(ref, self._ask_local) if self.location.local else remote_named(ref, self._ls_remote)

    def bring(self, named: Named) -> None:
        """Makes a commit available here and pins it; asks nobody when it is here already. Raises SourceError."""
        if self.has(named.commit) and self._is_pinned(named.commit):
            return
        with self._writing, repair.held(self._folder):
            self._prepare(named.commit)
            if not self._has(named.commit):
                self._fetch(named.commit, named.refs, deepen=True)
            self._git("update-ref", "--end-of-options", PINS + named.commit, named.commit)
            self._repack()

    def has(self, commit: str) -> bool:
        """Whether a commit is here; asks nobody."""
        return self._has(commit)

    def pins(self) -> set[str]:
        """The commits that are pinned."""
        listed = self._git("for-each-ref", "--format=%(refname)", PINS) if (self._git_dir / "HEAD").is_file() else b""
        return {line.removeprefix(PINS) for line in listed.decode().splitlines()}

    def pin(self, commit: str) -> None:
        """Keeps a commit that was fetched, with its files, until `unpin`. Raises SourceError when it is not here."""
        if not self._is_pinned(commit):
            self._require(commit)
            with self._writing, repair.held(self._folder):
                self._git("update-ref", "--end-of-options", PINS + commit, commit)

    def unpin(self, commit: str) -> None:
        """Lets a commit go; one that is not pinned is fine."""
        if self._is_pinned(commit):
            with self._writing, repair.held(self._folder):
                self._git("update-ref", "-d", "--end-of-options", PINS + commit)

    def tree(self, commit: str) -> Tree:
        """The names of a commit's files. Raises SourceError "TooLarge" over 100,000 entries (G17)."""
        self._require(commit)
        args = ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", "--end-of-options", commit]
        return parse_tree(self._git(*args, max_records=MAX_ENTRIES))

    def listing(self, commit: str, path: str) -> bytes:
        """What `ls-tree -z -l` says of one path of a commit, taken literally. Raises SourceError."""
        self._require(commit)
        return self._git("ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, path)

    def read(self, blobs: Sequence[str]) -> dict[str, bytes]:
        """Contents by object id. Raises SourceError "TooLarge" over 64 MiB in total, before anything is read."""
        found = self._reader.info(list(dict.fromkeys(blobs)))
        if sum(known[1] for known in found.values() if known) > MAX_READ:
            raise SourceError("cannot read the files: more than the limit allows", "TooLarge")
        return read_all(list(found), self._reader)

    def changed(self, old: str, new: str) -> list[str] | None:
        """Paths touched by any commit from `old` to `new`, sorted; None when one of the two is not here.

        When `old` is not an ancestor (a force-push): the paths in which the two differ.
        """
        if not (self._has(old) and self._has(new)):
            return None
        return changed_paths(self._git, old, new)

    def descends(self, old: str, new: str) -> bool:
        """Whether `new` has `old` among its ancestors; False after a force-push, or when one is not here."""
        return self._has(old) and self._has(new) and is_ancestor(self._git, old, new)

    def author(self, commit: str) -> str | None:
        """Who wrote a commit, as git has it: a name for people and no proof; None when the commit is not here."""
        if not self._has(commit):
            return None
        return author_of(self._git, commit)

    def tags(self) -> dict[str, str]:
        """Each tag and the commit it stands for. Cheap: files of a local repository, one question to a server.

        Raises SourceError.
        """
        if self.location.local:
            return self._local_tags.look(Path(self.location.url), self._ask_local)
        return remote_tags(lambda patterns: self._ls_remote(patterns, limit=_MAX_TAGS_ANSWER))

    def archive_to(self, commit: str, folder: Path) -> None:
        """The files of a commit in `folder`, as they are in git; no attributes, filters, submodules, `.git`.

        Raises SourceError; "UnsafeLink" for a symbolic link that leaves the repository.
        """
        write_tree(self.tree(commit), self._reader, folder)

    def clone_to(self, commit: str, folder: Path) -> None:
        """The files of a commit as `archive_to` gives them, in a repository of their own with all their history.

        Raises SourceError, also when what an earlier, shallow fetch left out cannot be had now.
        """
        self.archive_to(commit, folder)
        with self._writing, repair.held(self._folder):
            self._deepen(commit)
        timeout = max(self._timeout, _HISTORY_TIMEOUT)
        give_history(folder, commit, self._git_dir, tags=TAGS + "*", timeout=timeout, limits=self._limits)

    def _deepen(self, commit: str) -> None:
        """Fetches the history before a commit, and the tags; tags alone are no reason to fail."""
        self._prepare(commit)
        shallow = self._git_dir / "shallow"
        try:
            if shallow.is_file():
                deepen(self._network, self.location.url, commit)
            if time.monotonic() - self._tags_fetched >= _TAGS_AGE:
                fetch_tags(self._network, self.location.url, TAGS)
                self._tags_fetched = time.monotonic()
        except SourceError as error:
            if shallow.is_file():
                raise
            log.event("source.tags-failed", level="warning", url=self.location.url, error=str(error))
        finally:
            repair.note_ended(self._folder)
            repair.clean(self._git_dir)

    def close(self) -> None:
        """Ends the reading process. The mirror can be used again."""
        self._reader.close()

    def _fetch(self, commit: str, refs: Sequence[str], *, deepen: bool = False) -> None:
        first = self._packs() == 0
        try:
            fetch_commit(self._network, self._has, commit, refs, self.location.url, NEWEST, first=first, deepen=deepen)
        finally:
            repair.note_ended(self._folder)
            repair.clean(self._git_dir)

    def _prepare(self, commit: str) -> None:
        if not self._repaired:
            repair.repair(self._folder)
            self._repaired = True
        if self.location.local:
            where = local_git_folder(Path(self.location.url))
            safe = {Path(self.location.url), where.git.resolve(), where.common.resolve()}
            write_global_config(self._config_file, sorted(map(str, safe)))
        if not (self._git_dir / "HEAD").is_file():
            self._create("sha256" if len(commit) == 64 else "sha1")

    def _create(self, object_format: str) -> None:
        """A new bare repository, made apart and moved into place: there is never half of one."""
        with tempfile.TemporaryDirectory(prefix=repair.UNFINISHED, dir=self._folder) as made:
            new = Path(made) / "mirror.git"
            run_git(
                ["init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(new)],
                git_dir=None,
                doing="make a mirror",
            )
            new.rename(self._git_dir)

    def _has(self, commit: str) -> bool:
        if not OBJECT_ID.fullmatch(commit) or not (self._git_dir / "HEAD").is_file():
            return False
        found = self._reader.info([commit])[commit]
        return found is not None and found[0] == "commit"

    def _packs(self) -> int:
        return sum(1 for _ in (self._git_dir / "objects" / "pack").glob("*.pack"))

    def _ref(self, ref: str) -> str | None:
        """The commit of a ref of ours: read as a file, a process would take most of the time of a poll."""
        return read_ref(GitFolder(self._git_dir, self._git_dir), ref)

    def _require(self, commit: str) -> None:
        if not self._has(commit):
            raise SourceError(f"commit {shown(commit)[:64]!r} is not here", "CommitMissing")

    def _is_pinned(self, commit: str) -> bool:
        if not OBJECT_ID.fullmatch(commit):
            raise SourceError(f"{shown(commit)[:64]!r} is no commit", "CommitMissing")
        return self._ref(PINS + commit) is not None

    def _repack(self) -> None:
        """Every fetch is one pack; now and then they become one. Loose ends of the last day are kept."""
        if self._packs() > _PACKS_BEFORE_REPACK:
            self._git("gc", "--quiet", "--prune=1.day.ago")

    def _git(self, *args: str, max_records: int | None = None) -> bytes:
        return run_git(
            args,
            git_dir=self._git_dir,
            timeout=self._timeout,
            limits=self._limits,
            max_records=max_records,
            doing="read the mirror",
        )

    def _network(self, args: Sequence[str]) -> None:
        """A git command that talks to the location, in the mirror."""
        run_git(
            args,
            git_dir=self._git_dir,
            environment=self._environment(),
            timeout=self._timeout,
            limits=self._limits,
            sealed=True,
            secrets=self._auth.secrets() if self._auth else (),
            doing=f"fetch {self.location.url}",
            started=lambda pid: repair.note_running(self._folder, pid),
        )

    def _ls_remote(self, patterns: Sequence[str], limit: int = _MAX_REFS_ANSWER) -> bytes:
        # the trace goes to standard error and tells the headers of the answer; git blanks credentials in it
        trace = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
        notes: list[bytes] = []
        answer = run_git(
            ["ls-remote", "--quiet", "--symref", "--end-of-options", self.location.url, *patterns],
            git_dir=None,
            environment=self._environment() | trace,
            timeout=self._timeout,
            limit=limit,
            limits=self._limits,
            sealed=True,
            secrets=self._auth.secrets() if self._auth else (),
            doing=f"ask {self.location.url}",
            notes=notes,
        )
        if not answer and is_web_page(b"".join(notes)):
            raise SourceError(f"{self.location.url} answers with a web page, not as a git repository", "NotARepository")
        return answer

    def _ask_local(self, args: Sequence[str]) -> bytes:
        where = local_git_folder(Path(self.location.url))
        return run_git(args, git_dir=where.git, doing=f"read {self.location.url}", timeout=self._timeout)

    def _environment(self) -> dict[str, str]:
        return git_environment(
            git_program(),
            self.location,
            self._auth,
            low_speed_seconds=round(min(20, self._timeout / 2)),
            global_config=self._config_file if self.location.local else None,
        )

    @property
    def _config_file(self) -> Path:
        return self._folder / "gitconfig"
