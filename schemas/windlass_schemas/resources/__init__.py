"""Custom resources of `windlass.dev/v1`: the face that Windlass shows to a cluster. The ledger is the truth."""
