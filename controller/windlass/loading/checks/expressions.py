"""Every expression of a workflow, type-checked where it stands.

In: a workflow and its file. Out: problems at the wrong token. Also: no expression inside a script, ever (design
decision 6), with the fix in the message; and none where nothing would evaluate it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from windlass.expressions import TemplateError, Type, check, declared_type, parse_template
from windlass.loading.checks.scopes import Scopes, type_of
from windlass.loading.checks.site import TextMistake
from windlass.loading.checks.texts import OPEN, PLAIN_KEYS, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from windlass.expressions import Scope
    from windlass.loading.checks.site import Path, Site
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
MOST_IN_SCRIPT = 20  # the first ones say enough
LONGEST_IN_SCRIPT = 1000
START_KEYS = ("environment", "runTitle", "runLabels")


def check_expressions(site: Site, workflow: Workflow) -> Iterator[Problem]:
    scopes = Scopes(workflow, site.repository, unsure=site.unsure)
    value = site.value
    for key in START_KEYS:
        yield from _all(site, value.get(key), (key,), scopes, "start")
    yield from _all(site, _below(value, "concurrency", "group"), ("concurrency", "group"), scopes, "start")
    yield from _all(site, value.get("env"), ("env",), scopes, "workflow_env")
    for name in value.get("inputs", ()):
        shown = _below(value["inputs"], name, "showIf")
        yield from _all(site, shown, ("inputs", name, "showIf"), scopes, "form", Type.BOOL)
    yield from _triggers(site, workflow, scopes)
    for item in (*workflow.step_items(), *workflow.finally_items()):
        yield from _step(site, item, scopes)
    yield from _outputs(site, workflow, scopes)


def _all(site: Site, value: Any, path: Path, scopes: Scopes, scope: str, want: Type | None = None) -> Iterator[Problem]:
    """Every expression at or below a path, in one scope: built only when there is one."""
    for place, text in texts(value, path):
        yield from _one(site, place, text, getattr(scopes, scope), want)


def _one(site: Site, path: Path, text: str, scope: Scope, want: Type | None) -> Iterator[Problem]:
    for mistake in check(text, scope, want):
        found = TextMistake(mistake.message, mistake.hint, mistake.offset, mistake.length)
        yield site.in_text(path, mistake.rule, found)


def _below(value: Any, *keys: str) -> Any:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _triggers(site: Site, workflow: Workflow, scopes: Scopes) -> Iterator[Problem]:
    for kind, entries in (site.value.get("triggers") or {}).items():
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            path: Path = ("triggers", kind, index)
            yield from _all(site, entry.get("if"), (*path, "if"), scopes, "event", Type.BOOL)
            yield from _all(site, entry.get("env"), (*path, "env"), scopes, "event")
            for name, given in (entry.get("inputs") or {}).items():
                declared = workflow.inputs.get(name)
                want = type_of(declared) if declared is not None else None
                yield from _all(site, given, (*path, "inputs", name), scopes, "event", _direct(given, want))


def _direct(given: Any, want: Type | None) -> Type | None:
    """A type is wanted of a value that is one text; of texts inside a list or map nothing is known."""
    return want if isinstance(given, str) else None


def _outputs(site: Site, workflow: Workflow, scopes: Scopes) -> Iterator[Problem]:
    for name, declared in workflow.outputs.items():
        if isinstance(declared, str):
            yield from _all(site, declared, ("outputs", name), scopes, "outputs")
        else:
            want = None if declared.type is None else declared_type(declared.type)
            yield from _all(site, declared.value, ("outputs", name, "value"), scopes, "outputs", want)


def _step(site: Site, item: StepItem, scopes: Scopes) -> Iterator[Problem]:
    step: Any = site.value
    for part in item.path:
        step = step[part]
    yield from _scripts(site, step, item.path)
    for key, value in step.items():
        if key in PLAIN_KEYS:
            if key not in ("run", "uses"):
                yield from _misplaced(site, value, (*item.path, key))
            continue
        secrets = key in ("env", "with", "files")
        for path, text in texts(value, (*item.path, key)):
            scope = scopes.step(item, condition=key == "if", secrets=secrets)
            yield from _one(site, path, text, scope, _wanted(path[len(item.path) :]))
    for index, part in enumerate(step["run"] if isinstance(step.get("run"), list) else ()):
        for key in part.keys() - PLAIN_KEYS:
            for path, text in texts(part[key], (*item.path, "run", index, key)):
                scope = scopes.step(item, condition=key == "if", secrets=key == "env")
                yield from _one(site, path, text, scope, WANTED.get(key))


def _wanted(path: Path) -> Type | None:
    """The type of a step's key, or of one of `retry`."""
    if path[0] == "retry" and len(path) > 1:
        return RETRY.get(str(path[1]))
    return WANTED.get(str(path[0])) if len(path) == 1 else None


def _misplaced(site: Site, value: Any, path: Path) -> Iterator[Problem]:
    for place, text in texts(value, path):
        mistake = TextMistake("no expression is evaluated here", None, text.find(OPEN), len(OPEN))
        yield site.in_text(place, "expression-not-allowed", mistake)


def _scripts(site: Site, step: dict[str, Any], path: Path) -> Iterator[Problem]:
    run = step.get("run")
    if isinstance(run, str):
        yield from check_script(site, run, (*path, "run"))
    elif isinstance(run, list):
        for index, part in enumerate(run):
            yield from check_script(site, part["run"], (*path, "run", index, "run"))


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
