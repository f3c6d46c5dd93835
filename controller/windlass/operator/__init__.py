"""Custom resources ↔ ledger: objects of a cluster are the face of Windlass there, the ledger is the truth.

Read `operator.py` first, then `repositories.py` and `runs.py`. kopf watches in a thread of its own (`watching.py`, the
only module that knows it) and feeds our queue; everything else compares what an object says with what the ledger says.
"""
