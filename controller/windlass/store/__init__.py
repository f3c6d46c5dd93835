"""The ledger: runs, definitions, schedules, events and audit in SQL.

In: frozen values of the core. Out: the same values, after a crash, a failover or an upgrade. Begin with
`ledger.py`; changes go through `writer.py` and `tx.py`, questions through `reads.py`. `schema.py` is the one truth
about tables; what the hot path needs of it is compiled ahead of time (`compile.py`), because importing SQLAlchemy
costs more than a whole run.
"""
