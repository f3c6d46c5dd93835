"""The stable words for ends that are not a success, each with a sentence for people.

In: nothing. Out: CAUSES, from which docs/reference/causes.md is generated. Programs decide by these words, so the list
changes only by addition; a test finds every cause that the code uses in it.
"""

from __future__ import annotations

from types import MappingProxyType

CAUSES = MappingProxyType(
    {
        "exit-code": "The program ended with an exit code other than 0; a signal N is the exit code 128 + N.",
        "timeout": "The step took longer than its `timeout`, or a part of it than its own.",
        "quiet-timeout": "The step wrote nothing to its log for as long as its `quietTimeout`.",
        "policy": "A rule does not allow it: branches of a protected environment, too deep nesting, terms of a runner.",
        "rejected": "Somebody rejected the approval, or nobody answered it in time.",
        "deadline": "The run took longer than the workflow's `timeout`; its running steps end with the same cause.",
        "cancelled-by-user": "Somebody cancelled the run, or interrupted `windlass run`.",
        "replaced": "A newer one took its place (`overlap: replace`, `onConflict: cancelRunning` or `cancelPending`).",
        "skipped": "It was not started because its concurrency group was full (`onConflict: skip`).",
        "if-false": "The step's own `if` said no.",
        "needs-failed": "A step that this one depends on did not succeed.",
        "needs-skipped": "A step whose outputs this one reads was skipped.",
        "expression": "An expression could not be evaluated with the values of this run.",
        "input-invalid": "A value does not fit the declared input.",
        "output-missing": "A declared output was not written to `$WINDLASS_OUTPUT`.",
        "output-undeclared": "An output was written that the step does not declare.",
        "output-type": "An output was written that does not fit its declared type, or a line of the file is malformed.",
        "output-too-large": "The outputs are larger than their limit: 4 KiB in all.",
        "fail-fast": "Another item of the same loop failed; `failFast` stopped this one.",
        "artifact-missing": "A file to be saved as an artifact is not there, or an artifact to be loaded is gone.",
        "artifact-failed": "An artifact could not be saved or loaded: a refused path, a limit, or the object store.",
        "checkout-failed": "The files of the repository could not be put into the working directory.",
        "files-failed": "A file of the step's `files` could not be written.",
        "secret-not-found": "A secret of the step is not there: its file, its entry, or its name in windlass.yaml.",
        "secret-denied": "A secret of the step is for other keys than the repository was given, or was refused.",
        "secret-failed": "A secret of the step could not be opened: damaged, too short to be hidden, too slow.",
        "start-failed": "The program could not be started: it is missing, or the machine refused.",
        "tool-missing": "The step needs a program that is not installed where it runs; the message says which.",
        "reported": "The step wrote `windlass.errored` to `$WINDLASS_OUTPUT`: it could not do its work.",
        "image-pull": "The image of the step could not be pulled: the registry says no, or its name is none.",
        "registry-unavailable": "The registry of the step's image did not answer, or answered that it cannot now.",
        "service-failed": "A helper container of the step ended, or did not become ready.",
        "name-taken": "Somebody else's container has the name that this attempt's container must have.",
        "container-killed": "Somebody had the Docker engine kill or stop the step's container.",
        "disk-full": "The engine has no room left for the step's container.",
        "runner-unknown": "The server has no runner of the name that the step gives.",
        "runner-unavailable": "The engine that was to run the step does not answer.",
        "runner-lost": "The engine went away while the step ran, or does not come back.",
        "unschedulable": "No node of the cluster could take the step for as long as its runner waits.",
        "quota": "A quota of the namespace left no room for the step for as long as its runner waits.",
        "admission-refused": "The cluster refused the step's Pod: its rights, Pod Security, or an admission webhook.",
        "config-missing": "A Secret or ConfigMap that the step's Pod names is not there, or lacks a key.",
        "init-failed": "An init container of the step's Pod failed, so its program was not started.",
        "workspace-unfilled": "The step's files could not be brought into its Pod, so its program was not started.",
        "workspace-lost": "What the step left in its Pod could not be fetched: outputs, artifacts, caches.",
        "evicted": "Its node ran short of memory, disk or room, and ended the step.",
        "preempted": "A Pod with a higher priority took the step's place.",
        "drained": "The step was evicted through the cluster's API, as when a node is drained.",
        "node-lost": "The node of the step went away, shut down, or does not answer any more.",
        "pod-deleted": "Somebody else deleted the step's Pod or Job.",
        "env-invalid": "A part wrote to `$WINDLASS_ENV` what is malformed, or no variable that a step may set.",
        "oom-killed": "The kernel ended the step because memory ran out.",
        "never-started": "The controller went away before it started the attempt, which is repeated with a new number.",
        "lost": "The process is gone and nothing proves how it ended.",
        "internal-error": "Windlass itself made a mistake; the server's log has the details.",
    }
)
