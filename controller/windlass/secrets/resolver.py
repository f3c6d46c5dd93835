"""References become values: side by side, within a time limit, remembered for half a minute per repository and commit.

In: references by name, whose run they are for. Out: values by name. Nothing is written anywhere: what is remembered
stays in this process. A store that does not answer is asked again within the limit, after growing pauses; what cannot
be had is one SecretError, which names each secret and why; no value is in it. A repository whose store is slow keeps
only its own runs waiting.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from windlass import log
from windlass.errors import SecretError, WindlassError
from windlass.masking import SHORTEST
from windlass.plan.secret_names import display_name
from windlass.secrets.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from windlass.secrets.base import Origin, Provider, Reference

    Found = str | SecretError
    # the provider that may be asked, and what it is asked; raises SecretError
    Choose = Callable[[Reference, Origin], tuple[Provider, Reference]]

TTL = 30.0  # seconds
LIMIT = 30.0  # seconds for all secrets of an attempt
WORKERS = 64
OF_ONE = 8  # workers at most that one repository keeps busy
PAUSES = (0.2, 1.0, 3.0)  # seconds before a store that did not answer is asked again
MOST_KEPT = 10_000
LARGEST = 1024 * 1024  # characters of a value


class Resolver:
    """`choose` says who is asked, or that nobody is; `clock` counts seconds."""

    def __init__(
        self,
        choose: Choose,
        *,
        ttl: float = TTL,
        limit: float = LIMIT,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._choose = choose
        self._ttl = ttl
        self._limit = limit
        self._clock = clock
        self._pause = pause
        self._busy: dict[str, threading.BoundedSemaphore] = {}
        self._lock = threading.Lock()
        self._kept: dict[tuple[Origin, str], tuple[float, str]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def values(self, references: Mapping[str, str], origin: Origin) -> dict[str, str]:
        """Raises SecretError for all that cannot be had; its cause is that of the first."""
        found = self.look(references, origin)
        failed = {name: one for name, one in found.items() if isinstance(one, SecretError)}
        if failed:
            raise SecretError(next(iter(failed.values())).cause, _told(failed))
        return {name: one for name, one in found.items() if isinstance(one, str)}

    def look(self, references: Mapping[str, str], origin: Origin) -> dict[str, Found]:
        """Each name's value, or why there is none."""
        found: dict[str, Found] = {}
        for name, text in references.items():
            kept = self._remembered(origin, text)
            if kept is not None:
                found[name] = kept
        asked = {name: text for name, text in references.items() if name not in found}
        if asked:
            fresh = self._ask(sorted(set(asked.values())), origin)
            found |= {name: fresh[text] for name, text in asked.items()}
        return {name: found[name] for name in references}

    def forget(self) -> None:
        """What was remembered."""
        with self._lock:
            self._kept.clear()

    def _remembered(self, origin: Origin, text: str) -> str | None:
        kept = self._kept.get((origin, text))
        return kept[1] if kept is not None and kept[0] > self._clock() else None

    def _ask(self, texts: list[str], origin: Origin) -> dict[str, Found]:
        until = time.monotonic() + self._limit
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="windlass-secrets")
            pool = self._pool
            free = self._busy.setdefault(origin.repository, threading.BoundedSemaphore(OF_ONE))
        left = deque(texts)
        found: dict[str, Found] = {}

        def work() -> None:
            while left and time.monotonic() < until:
                with suppress(IndexError):  # somebody else took the last one
                    text = left.popleft()
                    found[text] = self._patiently(text, origin, until)

        workers: list[Future[None]] = []
        for _ in texts[:OF_ONE]:  # one must be had; more as far as they are free
            if not free.acquire(timeout=0 if workers else max(0.0, until - time.monotonic())):
                break
            workers.append(pool.submit(work))
            workers[-1].add_done_callback(lambda _: free.release())
        wait(workers, timeout=max(0.0, until - time.monotonic()))
        for worker in workers:
            worker.cancel()
        late = SecretError("secret-failed", f"there was no answer within {self._limit:g} seconds")
        fresh = {text: found.get(text, late) for text in texts}
        self._remember(origin, fresh)
        return fresh

    def _patiently(self, text: str, origin: Origin, until: float) -> Found:
        """A store that does not answer is asked again, while somebody waits."""
        found = self._one(text, origin)
        for pause in PAUSES:
            if not isinstance(found, SecretError) or not found.again or time.monotonic() + pause >= until:
                break
            self._pause(pause)
            found = self._one(text, origin)
        return found

    def _remember(self, origin: Origin, fresh: Mapping[str, Found]) -> None:
        now = self._clock()
        with self._lock:
            self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
            if len(self._kept) < MOST_KEPT:
                until = now + self._ttl
                self._kept |= {(origin, text): (until, one) for text, one in fresh.items() if isinstance(one, str)}

    def _one(self, text: str, origin: Origin) -> Found:
        try:
            provider, reference = self._choose(parse_reference(text), origin)
            return _fit(provider.value(reference, origin))
        except SecretError as error:
            return error
        except WindlassError as error:
            return SecretError("secret-failed", str(error))
        except Exception as error:  # noqa: BLE001 - the boundary of one secret: the message may hold its value
            log.event("secrets.crashed", level="error", repository=origin.repository, error=type(error).__name__)
            return SecretError("secret-failed", f"it could not be opened ({type(error).__name__})")


def _told(failed: Mapping[str, SecretError]) -> str:
    """Each reason once, with the names that it holds for."""
    names: dict[str, list[str]] = {}
    for name, error in failed.items():
        names.setdefault(str(error), []).append(display_name(name))
    return "; ".join(f"{', '.join(found)}: {reason}" for reason, found in names.items())


def _fit(value: str) -> Found:
    """A value that can be hidden and handed over."""
    if len(value) < SHORTEST:
        message = f"its value has fewer than {SHORTEST} characters, which could not be hidden in logs"
        return SecretError("secret-failed", message)
    if len(value) > LARGEST:
        return SecretError("secret-failed", f"its value has more than {LARGEST} characters")
    return value
