"""What actions and workflows ask for and give back: all that the files using them need to know.

In: documents as written. Out: a `Signature`; those of a whole repository are in `file_signatures.py`. A verdict on a
file that uses something depends on these beside the file; it carries their digests, so that a changed signature is
noticed wherever it is relied upon.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from windlass.plan.uses import model_of, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from windlass_schemas.inputs import Input
    from windlass_schemas.outputs import Output

    Relied = tuple[tuple[str, str], ...]  # (target, digest of its signature; "" when it was not known)

KEYS = ("inputs", "outputs")


@dataclass(frozen=True)
class Signature:
    """`written` has the `inputs` and `outputs` of a document that is well-formed."""

    is_action: bool
    written: Mapping[str, Any]

    @cached_property
    def digest(self) -> str:
        text = json.dumps([self.is_action, self.written], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @cached_property
    def inputs(self) -> Mapping[str, Input]:
        from windlass_schemas.inputs import Input

        return {name: model_of(Input, written) for name, written in self.written.get("inputs", {}).items()}

    @cached_property
    def outputs(self) -> Mapping[str, Output | None]:
        """None: the type is that of an expression."""
        return {name: self._output(written) for name, written in self.written.get("outputs", {}).items()}

    def _output(self, written: Any) -> Output | None:
        from windlass_schemas.outputs import Output

        if self.is_action:
            found: Output = model_of(Output, written)
            return found
        kind = written.get("type") if isinstance(written, dict) else None
        return model_of(Output, {"type": kind}) if kind is not None else None


def signature_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a signature is made of; None when there is nothing to ask for or give back."""
    return {key: document[key] for key in KEYS if key in document} or None


def targets_in(document: Mapping[str, Any], library: str | None = None) -> Iterator[str]:
    """The targets of a workflow as written, well-formed or not, in order; `library` is the one in which it stands."""
    for section in (document.get("steps"), document.get("finally")):
        steps = section.values() if isinstance(section, dict) else section if isinstance(section, list) else ()
        for step in steps:
            if isinstance(step, dict) and isinstance(step.get("uses"), str):
                yield target_of(step["uses"], library)


def relied_on(document: Mapping[str, Any], signatures: Mapping[str, Signature]) -> Relied:
    return tuple((target, digest_of(target, signatures)) for target in dict.fromkeys(targets_in(document)))


def digest_of(target: str, signatures: Mapping[str, Signature]) -> str:
    return signatures[target].digest if target in signatures else ""
