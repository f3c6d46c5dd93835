"""Attempts as Jobs of a Kubernetes cluster: one Pod, one container, the user's image as it is.

The cluster schedules; here a Job is made, its Pod watched, its log read, and its end explained.
"""
