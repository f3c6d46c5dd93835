"""Attempts as processes of this machine (Linux).

The parts, in the order an attempt meets them: `executor` (the contract, in the controller), `folders` and
`environment` (what an attempt gets), `spawn` (how the supervisor comes to life), `supervisor` (keeps wardens ready),
`warden` (one per attempt: starts, logs and ends it), `descendants` (every process of it), `journal` (the record that
outlives everything), `evidence` (what a later controller can prove from it).
Nothing is imported here: the supervisor starts from this package and must stay small.
"""
