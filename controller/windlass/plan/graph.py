"""Which steps a step waits for, from what is written: `needs`, the order of a list, references in expressions.

In: a written step. Out: its dependencies, those whose outputs it reads, and whether its `if` looks at states itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from windlass.expressions import functions, references
from windlass.plan.placement import placement_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass_schemas.step import Step

STATE_FUNCTIONS = frozenset({"failure", "cancelled", "always"})
DATA = frozenset({"outputs", "items", "artifacts"})


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Names of steps, each once, in the order of their first mention; the texts with expressions that they stand in."""

    needs: tuple[str, ...]
    reads: tuple[str, ...]
    tolerant: bool
    texts: tuple[str, ...] = ()


def dependencies(step: Step, previous: str | None) -> Dependencies:
    """`previous` is the item before in a list of steps."""
    texts = tuple(expression_texts(step))
    mentioned = list(mentions(texts))
    written = [*(step.needs or ()), *([previous] if previous is not None else ()), *(name for name, _ in mentioned)]
    return Dependencies(
        needs=tuple(dict.fromkeys(written)),
        reads=_read(mentioned),
        tolerant=looks_at_states(step.if_),
        texts=texts,
    )


def expression_texts(step: Step) -> Iterator[str]:
    """Every text of a step that may hold an expression (fine print, "Expressions")."""
    if isinstance(step.if_, str):
        yield step.if_
    yield from texts_in(step.env)
    yield from texts_in(step.with_)
    git = getattr(step.checkout, "git", step.checkout)
    plain = (step.timeout, step.quiet_timeout, step.kill_after, step.continue_on_error, step.idempotent)
    yield from texts_in([one for one in (*plain, step.max_parallel, step.fail_fast, git) if one is not None])
    if step.retry is not None:
        yield from texts_in([step.retry.attempts, step.retry.delay, step.retry.factor, step.retry.max_delay])
    program = (step.image, step.working_directory, step.command, step.args, step.for_each)
    yield from texts_in([one for one in program if one is not None])
    for file in step.files.values():
        yield from texts_in([file.content, file.mode])
    if step.artifacts is not None:
        yield from texts_in([step.artifacts.saved(), step.artifacts.load])
    for part in step.run if isinstance(step.run, tuple) else ():
        yield from texts_in([part.if_, part.env, part.timeout])
    if step.concurrency is not None:
        yield from texts_in([step.concurrency.group, step.concurrency.limit])
    if step.cache is not None:
        yield from texts_in([step.cache.key, step.cache.ttl, step.cache.paths, step.cache.restore])
    if step.wait is not None:
        yield from texts_in([step.wait.for_, step.wait.until])
    if step.approval is not None:
        asked = step.approval
        yield from texts_in([asked.by, asked.not_by, asked.minimum, asked.message, asked.timeout])
    yield from texts_in(list(placement_texts(step)))
    if step.matrix is not None:
        written = step.matrix
        whole = written if isinstance(written, str) else [written.axes, written.include, written.exclude]
        yield from texts_in(whole)


def texts_in(value: Any) -> Iterator[str]:
    """Every text with an expression in a value, however deep."""
    if isinstance(value, str):
        if "${{" in value:
            yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)


def mentions(texts: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(step, what of it) for each `steps.NAME.WHAT` in the texts, in order."""
    for text in texts:
        if not isinstance(text, str) or "${{" not in text:
            continue
        for reference in sorted(references(text)):
            root, _, rest = reference.partition(".")
            if root == "steps" and rest:
                name, _, what = rest.partition(".")
                yield name, what.partition(".")[0]


def reading(texts: Iterable[Any]) -> tuple[str, ...]:
    """The steps whose outputs, items or artifacts are read; reading `.status` alone is no data dependency."""
    return _read(mentions(texts))


def _read(mentioned: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name, what in mentioned if what in DATA))


def looks_at_states(condition: Any) -> bool:
    """Its `if` uses failure(), cancelled(), always() or a step's status: it is asked whatever became of the others."""
    if not isinstance(condition, str):
        return False
    if functions(condition) & STATE_FUNCTIONS:
        return True
    return any(what == "status" for _, what in mentions([condition]))
