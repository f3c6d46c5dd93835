"""What keeps a launch from becoming a Job."""

from __future__ import annotations


class UnfitError(Exception):
    """No Job can be made of it; the text says why to the author."""
