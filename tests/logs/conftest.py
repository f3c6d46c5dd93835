"""The object stores of the tests of artifacts, for logs."""

from tests.artifacts.conftest import objects, s3

__all__ = ["objects", "s3"]
