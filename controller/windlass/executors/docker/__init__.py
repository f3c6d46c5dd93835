"""Attempts as containers of a Docker engine, on this machine or another.

Everything goes through the engine's API: nothing of this machine is mounted, so the engine may be anywhere.
"""
