"""A `FileResult` as a row of plain lists, for the cache and for other processes.

In: a result. Out: a row that JSON can hold, and the result again. The usual one, a good file, is short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windlass.loading.examine import FileResult
from windlass.loading.facts import Facts, Mention
from windlass.problems import Problem, Span

if TYPE_CHECKING:
    from windlass.loading.definition_files import Kind

Row = list[Any]


def encoded(result: FileResult) -> Row:
    problems = [
        [*_span(p.span), p.path, p.rule, p.message, p.severity, p.hint] for p in result.problems
    ]  # the file is the entry's
    facts = result.facts
    if facts is None:
        return [problems, result.claimed, result.relied]
    spare = [
        [_mention(use) for use in facts.uses],
        [_mention(workflow) for workflow in facts.workflows],
        [[_mention(hook), verify] for hook, verify in facts.hooks],
        facts.inputs,
        facts.deprecated,
        None if facts.entrypoint is None else _mention(facts.entrypoint),
        facts.signature,
    ]
    return [problems, result.claimed, result.relied, facts.name, _span(facts.name_span), *(spare if any(spare) else ())]


def _span(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]


def _mention(mention: Mention) -> list[Any]:
    return [mention.text, mention.path, _span(mention.span), [[name, _span(span)] for name, span in mention.given]]


def decoded(path: str, kind: Kind, row: Row) -> FileResult:
    problems = tuple(Problem(path, Span(*p[:4]), *p[4:]) for p in row[0])
    facts = None
    if len(row) > 5:
        facts = Facts(
            row[3],
            Span(*row[4]),
            tuple(map(_read_mention, row[5])),
            tuple(map(_read_mention, row[6])),
            tuple((_read_mention(hook), verify) for hook, verify in row[7]),
            tuple((name, required) for name, required in row[8]),
            row[9],
            None if row[10] is None else _read_mention(row[10]),
            row[11],
        )
    elif len(row) > 3:
        facts = Facts(row[3], Span(*row[4]))
    return FileResult(path, kind, problems, facts, row[1], tuple((target, digest) for target, digest in row[2]))


def _read_mention(row: list[Any]) -> Mention:
    text, path, span, given = row
    return Mention(text, path, Span(*span), tuple((name, Span(*place)) for name, place in given))
