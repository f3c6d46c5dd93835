"""Triggers: what turns time and deliveries into firings. Pure rules; the loops that call them live in `reconcile/`.

In: the written triggers, a moment, a request. Out: `Firing` values, verified deliveries, the `event` of expressions.
`base.py` is the contract; `schedule.py` and `webhook/` are the two kinds.
"""
