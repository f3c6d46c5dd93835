"""Every expression of a workflow, type-checked where it stands.

In: a workflow and its file. Out: problems at the wrong token. Also: no expression inside a script, ever (design
decision 6), with the fix in the message; and none where nothing would evaluate it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from windlass.expressions import Mistake, Scope, TemplateError, Type, check, declared_type, parse_template, references
from windlass.loading.checks.scopes import NOT_IN_ACTIONS, PART_CONDITIONS, type_of
from windlass.loading.checks.site import TextMistake
from windlass.loading.checks.texts import OPEN, is_evaluated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from windlass.loading.checks.scopes import Scopes
    from windlass.loading.checks.site import Site
    from windlass.loading.checks.texts import Path
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem, Workflow

# The type that a key of a step wants; others take anything that has a text.
WANTED: dict[str, Type] = {
    "if": Type.BOOL,
    "checkout": Type.BOOL,
    "docker": Type.BOOL,
    "idempotent": Type.BOOL,
    "continueOnError": Type.BOOL,
    "failFast": Type.BOOL,
    "maxParallel": Type.INT,
    "timeout": Type.STRING,
    "quietTimeout": Type.STRING,
    "killAfter": Type.STRING,
}
RETRY: dict[str, Type] = {
    "attempts": Type.INT,
    "delay": Type.STRING,
    "maxDelay": Type.STRING,
    "factor": Type.DOUBLE,
    "exitCodes": Type.INT,
    "never": Type.INT,
}
ONCE = frozenset({"if", "forEach", "matrix", "maxParallel", "failFast"})  # of a loop as a whole
COUNTABLE = (Type.LIST, Type.MAP, Type.INT)
APPROVAL: dict[str, Type] = {"minimum": Type.INT, "timeout": Type.STRING}
CONCURRENCY: dict[str, Type] = {"limit": Type.INT}
# `if` of a part of an action: how the parts before it ended, and nothing of the workflow that uses it.
ACTION_PART = Scope({}, PART_CONDITIONS, secrets=False, absent=NOT_IN_ACTIONS)
MOST_IN_SCRIPT = 20  # the first ones say enough
LONGEST_IN_SCRIPT = 1000
START_KEYS = frozenset({"runTitle", "runLabels", "defaults"})  # known when a run is created
MOST_REMEMBERED = 4096
_GOOD: set[tuple[Any, ...]] = set()
ACTION_VALUES = frozenset({"run", "command", "args", "env", "image", "entrypoint", "shell"})
WITH_SECRETS = frozenset({"env", "with", "files"})


def check_expressions(site: Site, workflow: Workflow, items: Sequence[StepItem], scopes: Scopes) -> Iterator[Problem]:
    by_path = {item.path: item for item in items}
    for path, text in site.texts:
        if path[0] in ("steps", "finally"):
            yield from _of_step(site, path, text, by_path[path[:2]], scopes)
        elif path[0] == "triggers":
            yield from _of_trigger(site, path, text, workflow, scopes)
        elif path[0] == "outputs":
            yield from _of_output(site, path, text, workflow, scopes)
        elif path[0] == "inputs" and path[2] == "showIf":
            yield from _one(site, path, text, scopes.form, Type.BOOL)
        elif path[0] == "env":
            yield from _one(site, path, text, scopes.workflow_env)
        elif path[0] == "environment":
            yield from _one(site, path, text, scopes.environment)
        elif path[0] in START_KEYS:
            yield from _one(site, path, text, scopes.start, _wanted(path[1:]) if path[0] == "defaults" else None)
        elif path[0] == "concurrency":
            yield from _one(site, path, text, scopes.start, CONCURRENCY.get(str(path[1])))


def _one(site: Site, path: Path, text: str, scope: Scope, want: Type | None = None) -> Iterator[Problem]:
    for mistake in _mistakes(text, scope, want):
        found = TextMistake(mistake.message, mistake.hint, mistake.offset, mistake.length)
        yield site.in_text(path, mistake.rule, found)


def _mistakes(text: str, scope: Scope, want: Type | None) -> Sequence[Mistake]:
    """`check`, with good texts remembered: whether one is good depends on the types of its names alone, and the same
    few texts stand in most files."""
    types = [_type_of(name, scope) for name in references(text)]
    if None in types:
        return check(text, scope, want)
    key = (text, *types, want, scope.functions, scope.secrets)
    if key in _GOOD:
        return ()
    mistakes = check(text, scope, want)
    if not mistakes:
        if len(_GOOD) >= MOST_REMEMBERED:
            _GOOD.clear()
        _GOOD.add(key)
    return mistakes


def _type_of(name: str, scope: Scope) -> Type | None:
    """The type of the longest part of a name that is declared: below a value of any type anything may be read."""
    while name:
        found = scope.names.get(name)
        if found is not None:
            return found
        name = name.rpartition(".")[0]
    return None


def _of_trigger(site: Site, path: Path, text: str, workflow: Workflow, scopes: Scopes) -> Iterator[Problem]:
    want = None
    if path[3] == "if":
        want = Type.BOOL
    elif path[3] == "inputs" and len(path) == 5:  # of texts inside a list or map nothing is known
        declared = workflow.inputs.get(str(path[4]))
        want = None if declared is None else type_of(declared)
    elif path[3] not in ("env", "inputs"):
        yield _misplaced(site, path, text)
        return
    yield from _one(site, path, text, scopes.event, want)


def _of_output(site: Site, path: Path, text: str, workflow: Workflow, scopes: Scopes) -> Iterator[Problem]:
    declared = workflow.outputs[str(path[1])]
    if isinstance(declared, str) or declared.type is None:
        yield from _one(site, path, text, scopes.outputs)
    elif path[2] == "value":
        yield from _one(site, path, text, scopes.outputs, declared_type(declared.type))


def _of_step(site: Site, path: Path, text: str, item: StepItem, scopes: Scopes) -> Iterator[Problem]:
    if is_evaluated(path):
        key = path[4] if path[2] == "run" else path[2]
        if key == "with":
            yield from _of_with(site, path, text, item, scopes)
            return
        once = path[2] in ONCE
        scope = scopes.step(item, condition=key == "if", secrets=_may_be_secret(path, key), once=once)
        if path[2] == "run":
            scope = scopes.part(scope)
        if key == "forEach" and len(path) == 3:
            yield from _countable(site, path, text, scope)
            return
        yield from _one(site, path, text, scope, _wanted(path[4:] if path[2] == "run" else path[2:]))
    elif path[2] == "run" and path[-1] == "run":
        yield from check_script(site, text, path)
    elif not _is_said_elsewhere(path):
        yield _misplaced(site, path, text)


def _may_be_secret(path: Path, key: Any) -> bool:
    return key in WITH_SECRETS or (key == "services" and len(path) > 4 and path[4] == "env")


def _countable(site: Site, path: Path, text: str, scope: Scope) -> Iterator[Problem]:
    """`forEach` goes over a list, a map or a count: one of the three fits, or none does."""
    if any(not _mistakes(text, scope, want) for want in COUNTABLE):
        return
    for mistake in _mistakes(text, scope, None) or _mistakes(text, scope, Type.LIST):
        words = mistake.message.replace("but list is needed", "but forEach needs a list, a map or a count")
        hint = "write fromJson(…), or declare it as array" if words.startswith("this is string") else mistake.hint
        yield site.in_text(path, mistake.rule, TextMistake(words, hint, mistake.offset, mistake.length))


def _is_said_elsewhere(path: Path) -> bool:
    """Descriptions may speak of expressions; defaults of answers are checked with their declarations."""
    if path[2] == "approval":
        return path[5] in ("default", "description")
    return path[2] == "outputs" and path[-1] == "description"


def _of_with(site: Site, path: Path, text: str, item: StepItem, scopes: Scopes) -> Iterator[Problem]:
    """The type is the input's; secrets are for inputs of type secret, which take any text."""
    signature = site.signature(item.step)
    declared = signature.inputs.get(str(path[3])) if signature is not None else None
    secret = signature is None or (declared is not None and declared.type == "secret")
    # Of texts inside a list or map nothing is known; a file is a path or what an output of that type is.
    whole = len(path) == 4 and declared is not None and declared.type not in ("secret", "file")
    want = type_of(declared) if whole and declared is not None else None
    yield from _one(site, path, text, scopes.step(item, condition=False, secrets=secret), want)


def _wanted(path: Path) -> Type | None:
    """The type of a step's key, or of one of `retry` and `approval`."""
    if path[0] == "approval" and len(path) > 1:
        return APPROVAL.get(str(path[1]))
    if path[0] == "retry" and len(path) > 1:
        return RETRY.get(str(path[1]))
    if path[0] == "matrix" and len(path) < 3:
        return Type.MAP if len(path) == 1 else Type.LIST
    if path == ("checkout", "git"):
        return Type.BOOL
    if path == ("cache", "ttl"):
        return Type.STRING
    if path[0] == "concurrency" and len(path) > 1:
        return CONCURRENCY.get(str(path[1]))
    return WANTED.get(str(path[0])) if len(path) == 1 else None


def _misplaced(site: Site, path: Path, text: str) -> Problem:
    mistake = TextMistake("no expression is evaluated here", None, text.find(OPEN), len(OPEN))
    return site.in_text(path, "expression-not-allowed", mistake)


def check_script(site: Site, script: str, path: Path) -> Iterator[Problem]:
    """Each `${{` of a script, with what to write instead."""
    at = script.find(OPEN)
    for _ in range(MOST_IN_SCRIPT):
        if at < 0:
            return
        expression, length = _expression_at(script[at : at + LONGEST_IN_SCRIPT])
        name = _variable(expression)
        hint = f'put it in env: {{{name}: "${{{{ {expression} }}}}"}} and use "${name}" here'
        message = "an expression inside a script would become part of the program"
        yield site.in_text(path, "expression-in-script", TextMistake(message, hint, at, length))
        at = script.find(OPEN, at + max(length, len(OPEN)))


def check_action_texts(site: Site) -> Iterator[Problem]:
    """An action knows nothing of the workflow that uses it: what it needs it is given, as INPUT_<NAME>."""
    for path, text in site.texts:
        if path[0] == "run" and (len(path) == 1 or path[-1] == "run"):
            yield from check_script(site, text, path)
        elif path[0] == "run" and path[-1] == "if":
            yield from _one(site, path, text, ACTION_PART, Type.BOOL)
        elif path[0] in ACTION_VALUES:
            message = "an action is given its values by `with`: no expression is evaluated here"
            mistake = TextMistake(message, "declare an input and use INPUT_<NAME>", text.find(OPEN), len(OPEN))
            yield site.in_text(path, "expression-not-allowed", mistake)


def _expression_at(text: str) -> tuple[str, int]:
    """The expression that a text begins with, and its length with braces; `…` for one that never ends."""
    end = text.find("}}")
    line = text[: text.find("\n")] if "\n" in text else text
    if end < 0 or end > len(line):
        return "…", len(OPEN)
    try:
        parsed = parse_template(line).expressions
    except TemplateError:
        return line[len(OPEN) : end].strip() or "…", end + 2
    return parsed[0].source, line.index("}}", parsed[0].offset + len(parsed[0].source)) + 2


def _variable(expression: str) -> str:
    """`steps.build.outputs.image-tag` → IMAGE_TAG."""
    last = re.findall(r"[A-Za-z][A-Za-z0-9_-]*", expression)
    name = re.sub(r"[^A-Z0-9]", "_", last[-1].upper()) if last else "VALUE"
    return name if not name.startswith("WINDLASS_") else "VALUE"
