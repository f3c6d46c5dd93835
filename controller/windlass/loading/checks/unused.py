"""What is declared and never read: warnings.

In: a workflow. Out: a problem at each input that nothing uses, and at each output of a step that nothing reads. An
output of the workflow is read by whoever started the run, so naming a step's output there is a use; those of approvals
are answers of people and stay in the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from windlass.expressions import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from windlass.loading.checks.site import Site
    from windlass.problems import Problem
    from windlass_schemas.workflow import StepItem, Workflow

# A whole-inputs use (`toJson(inputs)`, `$WINDLASS_INPUTS`) uses them all.
WHOLE = "WINDLASS_INPUTS"


def check_unused(site: Site, workflow: Workflow, items: Iterable[StepItem]) -> Iterator[Problem]:
    declaring = [item for item in items if item.step.outputs and item.step.approval is None]
    if not workflow.inputs and not declaring:
        return
    used = {reference for _, text in site.texts for reference in references(text)}
    yield from _inputs(site, workflow, used)
    for item in declaring:
        yield from _outputs(site, item, used)


def _inputs(site: Site, workflow: Workflow, used: set[str]) -> Iterator[Problem]:
    if "inputs" in used or WHOLE in site.document.text:
        return
    named = {reference.split(".")[1] for reference in used if reference.startswith("inputs.")}
    for name in workflow.inputs:
        if name not in named:
            hint = "use it in an expression: ${{ inputs." + name + " }}, or delete it"
            yield site.at_key(("inputs", name), "unused-input", f"the input {name} is never used", hint)


def _outputs(site: Site, item: StepItem, used: set[str]) -> Iterator[Problem]:
    step = f"steps.{item.name}"
    if not used.isdisjoint(("steps", step, f"{step}.outputs")):
        return
    if any(reference == f"{step}.items" or reference.startswith(f"{step}.items.") for reference in used):
        return  # a list of all of them, read in ways that names do not tell
    start = f"{step}.outputs."
    named = {reference[len(start) :].partition(".")[0] for reference in used if reference.startswith(start)}
    if not named <= item.step.outputs.keys():
        return  # a misspelled name is an error of its own, and often the missing use
    for name, declared in item.step.outputs.items():
        if name not in named and declared.type != "file":  # a file is an artifact: people fetch it
            message = f"the output {name} of {item.name} is never read"
            hint = f"read it, make it an output of the workflow (${{{{ {start}{name} }}}}), or delete it"
            yield site.at_key((*item.path, "outputs", name), "unused-output", message, hint)
