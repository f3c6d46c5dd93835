"""How much one expression may ask for.

In: nothing. Out: the limits of the fine print ("Budget") and the measures that CEL does not keep itself.

The library counts iterations of comprehensions (10,000 an evaluation, then it gives up) and the depth of an
expression (32). It does not count memory, and building a list by `map` or `filter` costs the square of its length.
Without a comprehension a result cannot be longer than all that the expression names, added up; with one, each use of
the loop's variable can copy once more. `runtime.py` works these bounds out before anything is evaluated.
"""

from __future__ import annotations

MAX_SOURCE = 16 * 1024  # characters of one expression
MAX_EXPRESSIONS = 1000  # in one text
MAX_DEPTH = 32  # brackets within brackets; the library's own limit is the same
MAX_NAMES = 256  # different names in one expression
MAX_SEGMENTS = 64  # of one name
CACHED = 16 * 1024  # characters: a longer text is not worth remembering
MAX_BYTES = 16 * 1024 * 1024  # of one result, and of what the text functions make on the way
MAX_BOUND = 64 * 1024 * 1024  # of the estimate, which is several times too high by nature
MAX_COST = 1_000_000  # tokens evaluated
MAX_ITERATIONS = 10_000  # what the library allows
MAX_COLLECTED = 2_000  # items of a list that `map` or `filter` builds: the library copies it at each step

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
