"""What a file means, beyond its shape: names, references, types, times.

In: a `Site` with a valid model. Out: every problem of that file alone, in no order; what needs other files is in
`loading/crossing.py`. Each module is one concern; `documents.py` lists them for each kind of document.
"""
