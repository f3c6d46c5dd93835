"""Wrong uses of loops and of declarations, in the form of test_exact_token.py, which goes through them."""

from __future__ import annotations

WRONG: dict[str, tuple[str, list[str]]] = {
    "what a matrix has not": (
        "steps:\n  a:\n    matrix: {py: ['3.12'], n: [1, 2], include: [{slow: true}]}\n    run: x\n"
        "    env: {A: '${{ matrix.pi }}', B: '${{ matrix.n + matrix.py }}', C: '${{ item }}', "
        "D: '${{ matrix.slow }}'}\n",
        [
            "8:19-28 unknown-name | unknown name `matrix.pi` | `matrix` has: n, py, slow",
            "8:51-52 expression-type | `+` does not take int and string | write string(…) around what is no text",
            "8:76-80 unknown-name | the values of a matrix are matrix.NAME | None",
        ],
    ),
    "what an item has not": (
        "steps:\n  a: {forEach: {eu: 1}, run: x, env: {A: '${{ item.kee }}', B: '${{ matrix.a }}'}}\n"
        "  b: {forEach: [1, 2], run: x, env: {A: \"${{ item + 'x' }}\"}}\n",
        [
            "5:47-55 unknown-name | unknown name `item.kee` | did you mean item.key?",
            "5:69-75 unknown-name | the values of forEach are item and index | None",
            "6:51-52 expression-type | `+` does not take int and string | write string(…) around what is no text",
        ],
    ),
    "an item where there is none yet": (
        "steps:\n  a: {matrix: {n: [1]}, run: x, if: '${{ matrix.n == 1 }}', failFast: '${{ index == 0 }}'}\n"
        "  b: {forEach: '${{ item }}', run: [{run: x, if: '${{ item == 1 }}'}]}\n",
        [
            "5:42-48 unknown-name | this is evaluated once, before the loop has items | None",
            "5:76-81 unknown-name | this is evaluated once, before the loop has items | None",
            "6:21-25 unknown-name | this is evaluated once, before the loop has items | None",
        ],
    ),
    "no loop goes over this": (
        "inputs: {names: {type: string}}\n"
        "steps:\n  a: {forEach: '${{ inputs.names }}', run: x}\n  b: {matrix: {n: '${{ 5 }}'}, run: x}\n"
        "  c: {matrix: '${{ [1] }}', run: x}\n  d: {forEach: '${{ size(inputs.names) }}', run: x}\n",
        [
            "6:21-33 expression-type | this is string, but forEach needs a list, a map or a count"
            " | write fromJson(…), or declare it as array",
            "7:24-25 expression-type | this is int, but list is needed | None",
            "8:20-23 expression-type | this is list of int, but map is needed | None",
        ],
    ),
    "an axis that there is not": (
        "steps:\n  a: {matrix: {os: [a, b], exclude: [{so: a}]}, run: x}\n",
        ["5:39-41 unknown-name | the matrix has no axis so, so this excludes nothing | known here: os"],
    ),
    "keys of a loop where there is none": (
        "steps:\n  a: {run: x, maxParallel: 2}\n  b: {run: x, failFast: false}\n",
        [
            "5:15-26 needless-key | the step is no loop, so maxParallel has no effect"
            " | write forEach or matrix, or delete the key",
            "6:15-23 needless-key | the step is no loop, so failFast has no effect"
            " | write forEach or matrix, or delete the key",
        ],
    ),
    "declarations that contradict themselves": (
        "inputs:\n  a: {type: string, enum: [x, 1]}\n  b: {type: string, pattern: '('}\n"
        "  c: {type: integer, minimum: 5, maximum: 1}\n  d: {type: secret, default: x}\nsteps:\n  one: {run: x}\n",
        [
            "5:31-32 invalid-enum | value 2 of enum is no string | None",
            "6:30-33 invalid-pattern | pattern is no regular expression: "
            "missing ), unterminated subpattern at position 0 | None",
            "7:31-32 constraint-range | minimum is greater than maximum | None",
            "8:21-28 secret-default | an input of type secret has no default: git is no place for it | None",
        ],
    ),
}
