"""Logs beyond the machine that wrote them.

In: bytes of attempts' logs. Out: objects, and the bytes again by offset. Where the object store is a bucket, any
controller and any replica can read the log of an attempt, also after the controller that wrote it is gone (R22).
"""
