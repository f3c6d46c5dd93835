"""Files → YAML with positions → pydantic models → Problems.

In: the listing of a repository and a reader of its contents. Out: `Loaded` (repository.py): the definitions that
are fit to run, and every problem at the token that causes it. One broken file harms only itself. Nothing here
touches git, the network or a clock; the order of reading is text → yaml_reader → builder → positions → models →
checks → repository → report.
"""
