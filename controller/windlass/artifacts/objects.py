"""The object store: named bytes in a local folder, in S3, Google Cloud Storage or Azure, behind one small interface.

In: a URL (`file:`, `s3:`, `gs:`, `az:`) and streams of chunks. Out: streams of chunks. The only place that imports
obstore, when the store is first used. An object is there whole or not at all; writing a name again replaces it.
Credentials and endpoints come from the environment, as each cloud's own tools read them (AWS_ACCESS_KEY_ID…).
"""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from windlass.errors import UsageError, WindlassError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.clock import Millis

SCHEMES = ("file", "s3", "gs", "az")
CHUNK = 1024 * 1024  # bytes; how much of an object is in memory at once is a few of them
_PART = 5 * CHUNK  # the least that S3 takes as a part
_PARTS = 2  # in flight
_BATCH = 1000  # names deleted by one request


class ObjectStoreError(WindlassError):
    """The store refused, or could not be reached."""


class NoObjectError(ObjectStoreError):
    """There is no object of that name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object as a listing has it."""

    name: str
    size: int
    written_at: Millis


def check_url(url: str) -> None:
    """Raises UsageError for a URL that names no store."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        hint = "file:///srv/windlass/objects, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX"
        raise UsageError(f"objects: {url!r} names no object store", f"write one of {hint}")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise UsageError(f"objects: {url!r} is no absolute path", "file:///srv/windlass/objects")
    elif not parts.netloc:
        raise UsageError(f"objects: {url!r} names no bucket", f"{parts.scheme}://BUCKET/PREFIX")


def folder_url(folder: Path) -> str:
    return folder.absolute().as_uri()


class Objects:
    """Names are segments of `A-Z a-z 0-9 - _ . =` joined by `/`. Every method may raise ObjectStoreError."""

    def __init__(self, url: str) -> None:
        """Raises UsageError as `check_url`; nothing is opened yet."""
        check_url(url)
        self._url = url
        self._lock = threading.Lock()
        self._opened: Any = None

    @property
    def _store(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = _open(self._url)
            return self._opened

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        """Store what the chunks give; an error that they raise comes through, and nothing is stored."""
        import obstore

        reader = _Chunks(chunks)
        head = bytearray()
        for chunk in reader:
            head += chunk
            if len(head) > _PART:
                break
        else:  # one request: an upload in parts takes three
            with _errors(name):
                obstore.put(self._store, name, bytes(head))
            return
        with _errors(name, passing=reader):
            whole = itertools.chain([bytes(head)], reader)
            obstore.put(self._store, name, whole, chunk_size=_PART, max_concurrency=_PARTS)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The object's bytes; NoObjectError comes at once and not with the first chunk."""
        import obstore

        with _errors(name):
            stream = obstore.get(self._store, name).stream(min_chunk_size=CHUNK)
        return _guarded(name, iter(stream))

    def slice(self, name: str, offset: int, length: int) -> bytes:
        """`length` bytes (fewer at the end) from `offset` on, which lies within the object."""
        import obstore

        with _errors(name):
            return bytes(obstore.get_range(self._store, name, start=offset, length=length))

    def read(self, name: str) -> bytes:
        """A small object, whole."""
        return b"".join(self.chunks(name))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """All objects below a prefix (whole segments), in no order."""
        import obstore

        with _errors(prefix):
            for page in obstore.list(self._store, prefix):
                for found in page:
                    yield Entry(found["path"], found["size"], int(found["last_modified"].timestamp() * 1000))

    def folders(self, prefix: str) -> list[str]:
        """The names of the next segment below a prefix that have objects below them."""
        import obstore

        with _errors(prefix):
            found = obstore.list_with_delimiter(self._store, prefix)
        return [path.rpartition("/")[2] for path in found["common_prefixes"]]

    def delete(self, names: Iterable[str]) -> None:
        """What is not there is fine."""
        import obstore

        wanted = list(names)
        for start in range(0, len(wanted), _BATCH):
            try:
                with _errors(wanted[start]):
                    obstore.delete(self._store, wanted[start : start + _BATCH])
            except NoObjectError:  # a local folder tells, and stops there
                for name in wanted[start : start + _BATCH]:
                    self._delete_one(name)

    def _delete_one(self, name: str) -> None:
        import obstore

        try:
            with _errors(name):
                obstore.delete(self._store, name)
        except NoObjectError:
            return

    def delete_below(self, prefix: str) -> None:
        self.delete(entry.name for entry in self.entries(prefix))


class _Chunks:
    """An iterator that remembers what it raised: obstore hands errors of Python on, but not which are ours."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.error: BaseException | None = None

    def __iter__(self) -> _Chunks:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise


def _guarded(name: str, stream: Iterator[Any]) -> Iterator[bytes]:
    with _errors(name):
        for chunk in stream:
            yield bytes(chunk)


@contextmanager
def _errors(name: str, passing: _Chunks | None = None) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        if passing is not None and passing.error is not None:
            raise passing.error from None
        kind = NoObjectError if isinstance(error, FileNotFoundError) else ObjectStoreError
        first = str(error).partition("\n")[0]  # what follows is for the library's authors
        raise kind(f"object {name}: {first}") from error


def _open(url: str) -> Any:
    from obstore.store import LocalStore, from_url

    parts = urlsplit(url)
    try:
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            return LocalStore(folder, automatic_cleanup=True)
        return from_url(
            url,
            client_options={"allow_http": True, "timeout": timedelta(minutes=5)},
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=30)},  # a stop waits for this
        )
    except Exception as error:  # each cloud has its own errors for what its environment lacks
        first = str(error).partition("\n")[0]
        raise ObjectStoreError(f"the object store {parts.scheme}: cannot be opened: {first}") from error
