"""The program's own log: events with keys and bound context, on stderr.

In: an event name and keys (`run`, `step`, `revision`, …). Out: one line, as `key=value` for people or JSON. Structlog
is imported only by `configure`: a command that does not serve stays fast, and its events go nowhere.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Level = Literal["debug", "info", "warning", "error"]

_sink: Callable[[Level, str, dict[str, Any]], None] | None = None


def event(name: str, *, level: Level = "info", **keys: Any) -> None:
    """Log an event. Names are `part.what-happened`; values never hold secrets."""
    if _sink is not None:
        _sink(level, name, keys)


def told(error: BaseException) -> str:
    """A mistake of ours: its type and the places that it passed, not its text, which may hold a value or a body."""
    import traceback

    passed = traceback.extract_tb(error.__traceback__)[-4:]
    return " ".join([type(error).__name__, *(f"{one.filename.rpartition('/')[2]}:{one.lineno}" for one in passed)])


def configure(*, json: bool = False, level: Level = "info") -> None:
    """Send events to stderr from now on."""
    global _sink  # noqa: PLW0603 - one process has one log
    import logging
    import sys

    with _hidden(sys.modules, "rich"):  # a tenth of a server's start, for tracebacks that are never shown
        import structlog  # the only place that imports structlog

    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _escape,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logger = structlog.get_logger()

    def sink(level: Level, name: str, keys: dict[str, Any]) -> None:
        getattr(logger, level)(name, **keys)

    _sink = sink


@contextmanager
def _hidden(modules: dict[str, Any], name: str) -> Iterator[None]:
    """As if it were not installed, for what is imported meanwhile."""
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


def _escape(_logger: Any, _method: str, entry: Any) -> Any:
    """Control characters in user data cannot forge a line or colour a terminal (catalogue L12)."""
    for key, value in entry.items():
        if isinstance(value, str) and not value.isprintable():
            entry[key] = value.encode("unicode_escape").decode("ascii")
    return entry


def capture() -> list[tuple[Level, str, dict[str, Any]]]:
    """Collect events in a list from now on: tests assert on events."""
    global _sink  # noqa: PLW0603 - one process has one log
    events: list[tuple[Level, str, dict[str, Any]]] = []
    _sink = lambda level, name, keys: events.append((level, name, keys))  # noqa: E731
    return events
