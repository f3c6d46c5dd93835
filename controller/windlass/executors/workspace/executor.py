"""The working directory around a program: filled before its start, collected from after its end.

In: an executor and two lists of pieces (`pieces.py`). Out: the same executor contract, with one difference: an
`Ended` is passed on when everything that the attempt owes is collected, so that it tells of what is kept. Pieces
work in threads beside the run loop. What is owed stands in the attempt's folder before the program starts: a controller
that adopts the attempt collects again, with the same names, and only then says that it ended.
"""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.crashpoints import reach
from windlass.errors import WindlassError
from windlass.executors.attempt_folder.folders import OWED
from windlass.executors.workspace.pieces import PieceError, Place, StoppedError
from windlass.runs.model import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from windlass.clock import Clock
    from windlass.executors.base import Grounded, Sink
    from windlass.executors.workspace.pieces import Collection, Preparation
    from windlass.runs.model import AttemptKey, Launch, Observation, Stop

WRITERS = 4
ASKERS = 64  # of those that wait for stores of secrets: they do next to nothing, and nobody else waits behind them
COLLECTORS = 4


class WorkspaceExecutor:
    """`make` gives the executor that runs the programs, telling the sink it is given."""

    def __init__(
        self,
        make: Callable[[Sink], Grounded],
        sink: Sink,
        clock: Clock,
        *,
        preparations: Sequence[Preparation] = (),
        collections: Sequence[Collection] = (),
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._preparations = tuple(preparations)
        self._collections = tuple(collections)
        self._lock = threading.Lock()
        self._preparing: dict[AttemptKey, threading.Event] = {}  # set: told to stop meanwhile
        self._owing: set[AttemptKey] = set()  # what may have something to collect when it ends
        self._collecting: dict[AttemptKey, threading.Event] = {}
        self._closing = threading.Event()
        self._writers: ThreadPoolExecutor | None = None
        self._askers: ThreadPoolExecutor | None = None
        self._collectors: ThreadPoolExecutor | None = None
        self._inner = make(self._heard)
        self.name = self._inner.name

    # The contract

    def start(self, launches: Sequence[Launch]) -> None:
        plain = []
        for launch in launches:
            wanted = [piece for piece in self._preparations if piece.wants(launch)]
            owed = {piece.name: what for piece in self._collections if (what := piece.owes(launch)) is not None}
            if wanted or owed:
                self._prepare_soon(launch, wanted, owed)
            else:
                plain.append(launch)
        if plain:
            self._inner.start(plain)

    def stop(self, stop: Stop) -> None:
        """An attempt whose program has ended ends with what is collected so far, which is then worth nothing."""
        with self._lock:
            at_work = self._preparing.get(stop.key) or self._collecting.get(stop.key)
            if at_work is not None:
                at_work.set()
                return
        self._inner.stop(stop)

    def adopt(self, attempts: Mapping[AttemptKey, Mapping[str, Any] | None]) -> None:
        with self._lock:
            self._owing.update(attempts)
        self._inner.adopt(attempts)

    def log_path(self, key: AttemptKey) -> Path | None:
        return self._inner.log_path(key)

    def forget(self, key: AttemptKey) -> None:
        self._inner.forget(key)

    def close(self, *, kill: bool) -> None:
        """Without `kill`, whoever adopts the attempts collects what is not collected yet."""
        for pool in filter(None, (self._writers, self._askers)):
            pool.shutdown(wait=True, cancel_futures=True)
        if not kill:
            self._closing.set()
        self._inner.close(kill=kill)
        with self._lock:
            collectors, self._collectors = self._collectors, None
        if collectors is not None:
            collectors.shutdown(wait=True, cancel_futures=not kill)
        self._closing.set()

    # Before the program

    def _prepare_soon(self, launch: Launch, wanted: Sequence[Preparation], owed: Mapping[str, Any]) -> None:
        with self._lock:
            if launch.key in self._preparing or launch.key in self._owing:
                return
            self._preparing[launch.key] = threading.Event()
            pool = self._pool_for(launch)
        pool.submit(self._prepare, launch, wanted, owed)

    def _pool_for(self, launch: Launch) -> ThreadPoolExecutor:
        if launch.references:
            self._askers = self._askers or ThreadPoolExecutor(ASKERS, thread_name_prefix="windlass-secret")
            return self._askers
        self._writers = self._writers or ThreadPoolExecutor(WRITERS, thread_name_prefix="windlass-prepare")
        return self._writers

    def _prepare(self, launch: Launch, wanted: Sequence[Preparation], owed: Mapping[str, Any]) -> None:
        stopped = self._preparing[launch.key]
        place = self._place(launch.key, stopped)
        failure: PieceError | None = None
        try:
            place.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            if owed:
                _write(place.folder / OWED, owed)
            for piece in wanted:
                launch = _prepared(piece, launch, place)
        except PieceError as error:
            failure = error
        except StoppedError:
            stopped.set()
        except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29)
            log.event("prepare.crashed", level="error", run=launch.key.run, error=log.told(error))
            failure = PieceError("start-failed", f"its working directory could not be prepared: {_word(error)}")
        with self._lock:  # a stop comes before the start or reaches the program
            del self._preparing[launch.key]
            if failure is None and not stopped.is_set():
                if owed:
                    self._owing.add(launch.key)
                self._inner.start([launch])
                return
        shutil.rmtree(place.work, ignore_errors=True)
        cause: str | None = None
        message = "stopped before it started"
        if failure is not None and not stopped.is_set():
            cause, message = failure.cause, str(failure)
        self._sink(Ended(launch.key, self._clock.now(), None, cause=cause, message=message))

    # After the program

    def _heard(self, observation: Observation) -> None:
        """The sink of the inner executor."""
        if isinstance(observation, Ended):
            try:
                if self._collect_soon(observation):
                    return
            except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29): it has ended all the same
                observation = _uncollected(observation, error)
        self._sink(observation)
        if isinstance(observation, Ended):
            self._inner.collected(observation.key)

    def _collect_soon(self, ended: Ended) -> bool:
        """False: nothing is owed, or nothing ran that could have left it."""
        with self._lock:
            if ended.key not in self._owing:
                return False
            self._owing.discard(ended.key)
            if ended.exit_code is None or not (self._inner.working_directory(ended.key).parent / OWED).exists():
                return False
            if self._closing.is_set():
                return True  # not told: whoever adopts it collects
            if self._collectors is None:
                self._collectors = ThreadPoolExecutor(COLLECTORS, thread_name_prefix="windlass-collect")
            self._collecting[ended.key] = threading.Event()
            try:
                self._collectors.submit(self._collect, ended)
            except RuntimeError:  # the machine gives no more threads
                del self._collecting[ended.key]
                raise
        return True

    def _collect(self, ended: Ended) -> None:
        stopped = self._collecting[ended.key]
        place = self._place(ended.key, stopped)
        reach("executor.before-collect")
        try:
            ended = self._collected(ended, place)
        except StoppedError:
            if not stopped.is_set():
                return  # this program ends: whoever adopts it collects
        except Exception as error:  # noqa: BLE001 - the boundary of one attempt (R29)
            ended = _uncollected(ended, error)
        reach("executor.collected")
        with self._lock:
            del self._collecting[ended.key]
        self._sink(replace(ended, at=max(ended.at, self._clock.now())))
        self._inner.collected(ended.key)

    def _collected(self, ended: Ended, place: Place) -> Ended:
        owed = json.loads((place.folder / OWED).read_bytes())
        detail: dict[str, Any] = {}
        failure: PieceError | None = None
        for piece in self._collections:
            if piece.name in owed:
                try:
                    detail |= piece.collect(owed[piece.name], place, ended)
                except PieceError as error:
                    detail |= error.detail
                    failure = failure or error
        ended = replace(ended, detail={**ended.detail, **detail})
        return ended if failure is None else _spoiled(ended, failure)

    def _place(self, key: AttemptKey, stopped: threading.Event) -> Place:
        def check() -> None:
            if stopped.is_set() or self._closing.is_set():
                raise StoppedError

        work = self._inner.working_directory(key)
        return Place(key, work.parent, work, check, lambda: self._inner.memory(key))


def _prepared(piece: Preparation, launch: Launch, place: Place) -> Launch:
    place.check()
    try:
        return piece.prepare(launch, place)
    except PieceError:
        raise
    except (WindlassError, OSError) as error:
        raise PieceError(piece.cause, f"{piece.verb} failed: {error}") from error
    except StoppedError:
        raise
    except Exception as error:  # the boundary of one attempt (R29)
        log.event(f"{piece.verb}.crashed", level="error", run=launch.key.run, error=log.told(error))
        raise PieceError(piece.cause, f"{piece.verb} failed: {type(error).__name__}") from error


def _word(error: Exception) -> str:
    """What is expected speaks for itself; the text of a mistake may hold anything."""
    return str(error) if isinstance(error, WindlassError | OSError) else type(error).__name__


def _spoiled(ended: Ended, error: PieceError) -> Ended:
    """A success that could not be kept is none; a failure stays what it was."""
    if ended.exit_code == 0 and ended.cause is None:
        return replace(ended, cause=error.cause, message=str(error))
    message = ended.message or f"exit code {ended.exit_code}"
    return replace(ended, message=f"{message}; {error}")


def _uncollected(ended: Ended, error: Exception) -> Ended:
    log.event("collect.crashed", level="error", run=ended.key.run, error=log.told(error))
    return _spoiled(ended, PieceError("internal-error", f"what it left could not be collected: {_word(error)}"))


def _write(path: Path, owed: Mapping[str, Any]) -> None:
    """Whole or not at all: it is read after a crash."""
    half = path.with_suffix(".part")
    half.write_text(json.dumps(owed), encoding="utf-8")
    half.replace(path)
