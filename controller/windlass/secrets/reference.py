"""A secret reference, taken apart (the format of vals: `ref+BACKEND://PATH[?PARAMS]#/KEY`).

In: the text that a plan froze. Out: a Reference. Loading has checked its form; what is left to refuse here is what no
reference of this repository can be: a name that windlass.yaml lacks, or a library's own.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from windlass.errors import SecretError
from windlass.plan.secret_names import FOREIGN, UNDECLARED
from windlass.secrets.base import Reference


def parse_reference(text: str) -> Reference:
    """Raises SecretError."""
    if text == UNDECLARED:
        message = "windlass.yaml has no secret of that name, nor has the environment of this run"
        raise SecretError("secret-not-found", message)
    if text == FOREIGN:
        message = "a library has no secrets of its own: it declares an input of type secret, and its user fills it"
        raise SecretError("secret-denied", message)
    backend, _, rest = text.removeprefix("ref+").partition("://")
    place, _, fragment = rest.partition("#")
    path, _, query = place.partition("?")
    params = dict(parse_qsl(query, keep_blank_values=True))
    keys = tuple(_key(part) for part in fragment.split("/") if part)
    return Reference(text, backend, unquote(path), params, keys)


def _key(part: str) -> str:
    """`~1` is a slash and `~0` a tilde, as in JSON pointers."""
    return unquote(part).replace("~1", "/").replace("~0", "~")
