"""SQL text made ahead of time by `windlass.store.compile`; only the dialect in use is imported."""
