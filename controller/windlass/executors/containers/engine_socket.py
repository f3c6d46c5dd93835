"""Where programs look for a Docker engine, on any machine and in any container: its usual socket."""

from __future__ import annotations

INSIDE = "/var/run/docker.sock"
DEFAULT = f"unix://{INSIDE}"
VARIABLES = {"DOCKER_HOST": DEFAULT}
