"""A real Kubernetes for the tests and for trying things out: on this machine, without a registry, in one folder.

`ControlPlane` is etcd, the API server and what goes with them; `Node` a kubelet with containerd; `Cluster` both, as
`make cluster` starts it. `fakes` adds nodes that only pretend (KWOK). Several live side by side: each has an address
of its own (of the loopback network, or of its own bridge), so that ports never meet.
"""
