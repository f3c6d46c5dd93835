"""What is wrong with a text's expressions, before anything runs.

In: a text, the names and functions its place allows, the type that is wanted. Out: every mistake with its offset and
length in characters of the whole text.

Names are judged here, types by CEL: each declared name is replaced by a variable of its type, padded to the same
length, so that CEL's columns are true and two texts that differ only in names share one check.

Rules: expression-syntax, expression-too-large, unknown-name, unknown-function, function-not-allowed,
secret-not-allowed, expression-type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from windlass.expressions.calls import call_mistakes
from windlass.expressions.engine import check_source, variable_of
from windlass.expressions.explain import explained
from windlass.expressions.limits import MAX_NAMES
from windlass.expressions.names import Found, find, name_mistakes, secret_mistakes
from windlass.expressions.reading import Reading, longest, read
from windlass.expressions.template import Expr, Template, TemplateError, parse_template
from windlass.expressions.tokens import Wrong
from windlass.expressions.types import Kind, Scope, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_MISTAKES = 100  # of one text: the first ones say enough


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong; offset and length count characters of the whole text."""

    offset: int
    length: int
    rule: str
    message: str
    hint: str | None = None


def check(text: str, scope: Scope, want: Type | None = None) -> list[Mistake]:
    """All mistakes of `text`, in order.

    `want` is the type that the value must have: a text around an expression makes it a string. None takes anything
    that has a text (as `env` does).
    """
    try:
        template = parse_template(text)
    except TemplateError as error:
        return [Mistake(error.offset, error.length, error.rule, error.message)]
    mistakes: list[Mistake] = []
    is_pure = template.is_pure
    for expression in template.expressions:
        mistakes += _checked(expression, scope, want if is_pure else None)
        if len(mistakes) > MOST_MISTAKES:
            return mistakes
    if want is not None and not mistakes and not is_pure:
        mistakes += _text_instead(template, want)
    return mistakes


def _text_instead(template: Template, want: Type) -> list[Mistake]:
    if want.accepts(Type.STRING):
        return []
    length = max(1, len(template.text))
    if template.is_literal:
        hint = f"write ${{{{ {template.text.strip() or 'true'} }}}}" if want.kind is Kind.BOOL else None
        return [Mistake(0, length, "expression-type", f"this is a text, but {want} is needed", hint)]
    message = f"text around an expression makes it a text, but {want} is needed"
    return [Mistake(0, length, "expression-type", message, "leave only the `${{ }}`")]


def _checked(expression: Expr, scope: Scope, want: Type | None) -> list[Mistake]:
    try:
        wrongs = _wrongs(expression.source, scope, want)
    except Wrong as wrong:
        wrongs = [wrong]
    wrongs.sort(key=lambda wrong: wrong.offset)
    return [
        Mistake(expression.offset + wrong.offset, wrong.length, wrong.rule, wrong.message, wrong.hint)
        for wrong in wrongs
    ]


def _wrongs(source: str, scope: Scope, want: Type | None) -> list[Wrong]:
    """Raises Wrong when nothing more can be said than that one mistake."""
    reading = read(source, lambda above, candidates: _declared(scope, above, candidates))
    found = [find(path, scope) for path in reading.paths]
    if len({name.path.segments for name in found}) > MAX_NAMES:
        raise Wrong(0, len(source), "expression-too-large", f"more than {MAX_NAMES} different names in one expression")
    wrongs = [*name_mistakes(found, scope), *call_mistakes(reading, scope), *secret_mistakes(found, scope)]
    checked = check_source(_typed(reading, found))
    known = {wrong.offset for wrong in wrongs}
    for mistake in checked.mistakes:
        wrong = explained(mistake, reading)
        if wrong.rule in ("expression-syntax", "expression-too-large"):
            return [wrong]  # what stands in a broken sentence says little
        if wrong.offset not in known:
            known.add(wrong.offset)
            wrongs.append(wrong)
    if checked.type is not None and not wrongs:
        wrongs += _result(checked.type, reading, found, want)
    return wrongs


def _declared(scope: Scope, above: tuple[str, ...], candidates: Sequence[str]) -> str:
    """A declared name wins over subtraction; without one, what a person most likely meant: a name."""
    children = scope.children.get(".".join(above), frozenset())
    declared = next((candidate for candidate in candidates if candidate in children), None)
    return declared if declared is not None else longest(above, candidates)


def _typed(reading: Reading, found: Sequence[Found]) -> str:
    """The source with a variable of the right type in place of each name, and every character where it was."""
    source = reading.source
    changes: list[tuple[int, int, str]] = []
    for name in found:
        if name.is_type:
            continue
        whole = name.used == len(name.path.segments)
        if name.path.has is not None and (whole or name.type is None):
            changes.append((*name.path.has, "true"))
        else:
            end = name.path.ends[name.used - 1]
            changes.append((name.path.start, end, variable_of(name.type or Type.DYN)))
    changes += [
        (call.start, call.start + 6, "Format") for call in reading.calls if call.name == "format" and not call.member
    ]
    pieces, position = [], 0
    for start, end, text in sorted(changes):
        blanks = "".join("\n" if char == "\n" else " " for char in source[start + len(text) : end])
        pieces += [source[position:start], text, blanks]
        position = end
    return "".join([*pieces, source[position:]])


def _result(got: Type, reading: Reading, found: Sequence[Found], want: Type | None) -> list[Wrong]:
    length = len(reading.source)
    if got.kind is Kind.OTHER:
        message = "the result is no value that a workflow can use"
        return [Wrong(0, length, "expression-type", message)]
    secret = next((name for name in found if name.type is not None and name.type.kind is Kind.SECRET), None)
    if secret is not None and got.kind is not Kind.SECRET:
        message = f"`{secret.path.dotted}` is a secret: it can only be passed on whole"
        return [Wrong(secret.path.start, secret.length, "secret-not-allowed", message)]
    if want is None or want.accepts(got) or got.kind is Kind.SECRET:
        return []
    hint = _conversion(want, got)
    return [Wrong(0, length, "expression-type", f"this is {got}, but {want} is needed", hint)]


def _conversion(want: Type, got: Type) -> str | None:
    if want.kind is Kind.STRING and got.kind in (Kind.INT, Kind.DOUBLE, Kind.BOOL):
        return "write string(…)"
    if want.kind is Kind.STRING and got.kind in (Kind.LIST, Kind.MAP):
        return "write toJson(…)"
    if want.kind is Kind.INT and got.kind in (Kind.STRING, Kind.DOUBLE):
        return "write int(…)"
    if want.kind is Kind.BOOL and got.kind is Kind.STRING:
        return "compare it: … == 'true'"
    return None
