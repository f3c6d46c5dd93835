"""Sources: a git repository in, its files at a commit out, by the git binary and nothing else.

Read `location` (what may be fetched), `auth` (with which credential), `command` (how git is run), `mirror`
(what a controller keeps), `work_tree` (what `windlass run` and `check` read). The code is synchronous: a
caller with an event loop calls it from a thread. Nothing here looks into a file's meaning.
"""
