"""Values into text, JSON or YAML.

A template is Mustache (https://mustache.github.io) without HTML escaping, partials and other delimiters: names,
sections, inverted sections, comments. Nothing in it runs, and a name that is not there is an error.
"""

import json
import os
import re
import sys

LONGEST = 1 << 20
DEEPEST = 50
TAG = re.compile(r"\{\{([#^/!]?)\s*(.*?)\s*\}\}", re.DOTALL)
ALONE = re.compile(r"^[ \t]*(\{\{[#^/!](?:(?!\}\}).)*\}\})[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
YAML_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")


class Failed(Exception):
    """What is wrong, for the one line that people read."""


def inputs():
    """Both forms: a value that is too large for a variable is in the file alone."""
    with open(os.environ["WINDLASS_INPUTS"], encoding="utf-8") as file:
        return json.load(file)


def parse(template):
    """Nested lists: text, ("name", path), ("#" or "^", path, parts)."""
    template = ALONE.sub(r"\1", template)  # a section's tag on a line of its own leaves no empty line
    stack, names, at = [[]], [], 0
    for found in TAG.finditer(template):
        stack[-1].append(template[at : found.start()])
        at, (mark, name) = found.end(), found.groups()
        if mark == "!":
            continue
        if mark == "/":
            if not names or names[-1] != name:
                raise Failed(
                    f"template: {{{{/{name}}}}} closes nothing, line {template.count(chr(10), 0, found.start()) + 1}"
                )
            names.pop()
            stack.pop()
        elif mark:
            section = (mark, name, [])
            stack[-1].append(section)
            stack.append(section[2])
            names.append(name)
            if len(names) > DEEPEST:
                raise Failed(f"template: sections are more than {DEEPEST} deep")
        else:
            stack[-1].append(("name", name))
    if names:
        raise Failed(f"template: {{{{#{names[-1]}}}}} is not closed")
    return [*stack[0], template[at:]]


def look_up(path, scopes):
    """`a.b.0`: the first name in the innermost scope that has it. Raises KeyError."""
    if path == ".":
        return scopes[-1]
    first, *rest = path.split(".")
    value = next((scope[first] for scope in reversed(scopes) if isinstance(scope, dict) and first in scope), KeyError)
    if value is KeyError:
        raise KeyError(first)
    for name in rest:
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise KeyError(name)
    return value


class Rendering:
    def __init__(self, write):
        self.parts, self.size, self.write = [], 0, write

    def add(self, text):
        self.parts.append(text)
        self.size += len(text)
        if self.size > LONGEST:
            raise Failed("the result is longer than 1 MiB, which is all that the output text holds")

    def render(self, parts, scopes):
        for part in parts:
            if isinstance(part, str):
                self.add(part)
            elif part[0] == "name":
                self.add(self.write(self.value(part[1], scopes)))
            else:
                mark, path, inner = part
                value = self.value(path, scopes)
                if mark == "^":
                    if is_nothing(value):
                        self.render(inner, scopes)
                    continue
                items = value if isinstance(value, list) else [] if is_nothing(value) else [value]
                for item in items:
                    self.render(inner, [*scopes, item])

    @staticmethod
    def value(path, scopes):
        try:
            return look_up(path, scopes)
        except KeyError:
            known = sorted({name for scope in scopes if isinstance(scope, dict) for name in scope})
            raise Failed(
                f"template: there is no {path!r} in values; known here: {', '.join(known) or 'nothing'}"
            ) from None


def is_nothing(value):
    """0 is something."""
    return value is None or value is False or value in ("", [])


def as_text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_json(value):
    return json.dumps(value, ensure_ascii=False)


def as_yaml(value, indent=""):
    """Block style; what might be read as something else is quoted."""
    if isinstance(value, dict) and value:
        return "".join(f"{indent}{scalar(name)}:{below(item, indent)}" for name, item in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{indent}-{below(item, indent)}" for item in value)
    return f"{indent}{scalar(value)}\n"


def below(item, indent):
    if isinstance(item, dict | list) and item:
        return f"\n{as_yaml(item, indent + '  ')}"
    return f" {scalar(item)}\n"


def scalar(value):
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def result(given):
    template, to, values = given.get("template"), given.get("to") or "text", given.get("values") or {}
    if template is None:
        if to == "text":
            raise Failed("to: text needs a template; without one, to is json or yaml")
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n" if to == "json" else as_yaml(values)
        if len(text) > LONGEST:
            raise Failed("the result is longer than 1 MiB, which is all that the output text holds")
        return text
    rendering = Rendering(as_text if to == "text" else as_json)
    rendering.render(parse(template), [values])
    text = "".join(rendering.parts)
    if to == "json":
        check_json(text)
    return text


def check_json(text):
    try:
        json.loads(text)
    except ValueError as error:
        raise Failed(f"template: the result is no JSON: {error}; values bring their own quotes") from None


def save(name, text):
    path = os.path.realpath(name)
    if not path.startswith(os.path.realpath(".") + os.sep):
        raise Failed(f"save: {name} leads out of the working directory")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Failed(f"save: {name}: {error.strerror}") from None


def main():
    try:
        given = inputs()
        text = result(given)
        if len(text.encode()) > LONGEST:
            raise Failed("the result is longer than 1 MiB, which is all that the output text holds")
        if given.get("save"):
            save(given["save"], text)
    except Failed as error:
        sys.exit(f"format: {error}")
    word = os.urandom(12).hex()
    with open(os.environ["WINDLASS_OUTPUT"], "a", encoding="utf-8") as file:
        file.write(f"text<<{word}\n{text}\n{word}\n")
    print(f"{len(text.encode())} bytes")


if __name__ == "__main__":
    main()
