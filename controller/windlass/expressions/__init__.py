"""Everything about `${{ … }}`: taken apart, checked before anything runs, evaluated.

In: texts as teams write them, declared types, plain values. Out: mistakes with offsets, names and functions that a text
uses, plain values. CEL does the typing and computing (engine.py); names, limits and messages are ours. Read in this
order: template → tokens → reading → (names, calls, check) → (program, budget, evaluate).
"""

from windlass.expressions.arguments import WrittenCall, calls_of
from windlass.expressions.check import Mistake, check
from windlass.expressions.evaluate import evaluate, evaluate_all, evaluate_bool
from windlass.expressions.source import colliding, functions, references
from windlass.expressions.template import Expr, Literal, Template, TemplateError, parse_template
from windlass.expressions.types import Kind, Scope, Type, declared_type
from windlass.expressions.values import to_text

__all__ = [
    "Expr",
    "Kind",
    "Literal",
    "Mistake",
    "Scope",
    "Template",
    "TemplateError",
    "Type",
    "WrittenCall",
    "calls_of",
    "check",
    "colliding",
    "declared_type",
    "evaluate",
    "evaluate_all",
    "evaluate_bool",
    "functions",
    "parse_template",
    "references",
    "to_text",
]
