"""What a tenant's pods may be: the policy, and its check of the pod that is about to be created. Pure.

In: a `Policy` (from the server file) and a pod as the Kubernetes API takes it. Out: refusals that name the field and
the policy. It is the last word (R37): it looks at the finished pod and not at what somebody asked for, so no way of
writing a step gets around it.
"""
