"""Watches the custom resources, by kopf's low-level event handlers in a thread and a loop of their own.

In: the cluster. Out: every change, told to a function that only takes it down. kopf knows how to list, to resume, to
start over after 410, to wait after 429 and to notice a connection that has gone silent; its states, finalizers and
annotations are not used, and its types stay in this module. When it ends although nobody asked, it is begun again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import warnings
from typing import TYPE_CHECKING, Any

from windlass import log
from windlass.kube.access import load
from windlass.operator.kinds import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from windlass.kube.access import Place

    Told = Callable[[str, str | None, Mapping[str, Any]], None]

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before it is begun again
LEAVE = 10.0  # seconds for it to end
SILENCE = 70.0  # seconds; an API server sends a bookmark about every minute


class Watching:
    """`told` gets a kind, the event's type (None for what a list found) and the object."""

    def __init__(self, place: Place, namespaces: tuple[str, ...], told: Told) -> None:
        self._place = place
        self._namespaces = namespaces
        self._told = told
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="windlass-watching", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(stop.set)
        if self._thread.is_alive():
            self._thread.join(LEAVE)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                asyncio.run(self._watch())
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it was, the watch goes on (R28)
                failures += 1
                log.event("kubernetes.watch-failed", level="warning", error=repr(error))
            self._stopping.wait(PAUSES[min(failures, len(PAUSES) - 1)])

    async def _watch(self) -> None:
        with warnings.catch_warnings():  # it imports whatever client library it finds, to be polite
            warnings.simplefilter("ignore")
            import kopf
        _quiet()
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            return
        registry = kopf.OperatorRegistry()
        for kind, resource in RESOURCES.items():
            handler = _handler(kind, self._told)
            kopf.on.event(resource.group, resource.version, resource.plural, registry=registry, id=kind)(handler)
        kopf.on.login(registry=registry, id="windlass")(self._login)
        where: dict[str, Any] = {"namespaces": list(self._namespaces)} if self._namespaces else {"clusterwide": True}
        await kopf.operator(registry=registry, settings=_settings(kopf), standalone=True, stop_flag=self._stop, **where)

    def _login(self, **_kwargs: Any) -> Any:
        """Read anew each time that kopf asks: tokens are replaced."""
        import kopf

        access = load(self._place)
        files = access.files
        scheme, _, token = access.authorization().get("Authorization", "").partition(" ")
        return kopf.ConnectionInfo(
            server=access.server,
            ca_path=files.authority,
            insecure=not files.verify,
            certificate_path=files.certificate,
            private_key_path=files.key,
            scheme=scheme or None,
            token=token or None,
            proxy_url=access.proxy,
        )


def _handler(kind: str, told: Told) -> Any:
    async def handle(event: Any, **_: Any) -> None:
        told(kind, event["type"], event["object"])

    return handle


def _settings(kopf: Any) -> Any:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # Events are ours
    settings.scanning.disabled = True  # neither definitions nor namespaces are watched: that needs more rights
    settings.watching.inactivity_timeout = SILENCE
    settings.networking.enforce_retry_after = True
    settings.queueing._batch_window = 0  # our own queue takes changes together
    settings.process.ultimate_exiting_timeout = None  # it must not end the process that it is a guest in
    return settings


class _ToLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if "OS signals" in record.getMessage():  # it may not have them: it is a guest
            return
        level: Any = "error" if record.levelno >= logging.ERROR else "warning"
        log.event("kubernetes.watch", level=level, message=record.getMessage())


def _quiet() -> None:
    """kopf's own log goes into ours, from warnings on."""
    logger = logging.getLogger("kopf")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_ToLog())
