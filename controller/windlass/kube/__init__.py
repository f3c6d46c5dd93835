"""The one client of the Kubernetes API: requests with raw JSON, watches that cannot go blind, logs of pods.

`access.py` finds the cluster, `client.py` asks it, `watch.py` follows it, `thread.py` lets threads use both. Nothing
here knows what Windlass does with a cluster. Imported only when one is used: it needs the extra `kubernetes`.
"""
