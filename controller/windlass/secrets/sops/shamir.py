"""Shamir's secret sharing over GF(2^8), as sops splits a data key over key groups (sops: shamir/shamir.go).

In: a secret, or shares: each the y values with the x coordinate at the end. Out: shares, or the secret. Too few shares
give wrong bytes, which the MAC of the file then refuses.
"""

from __future__ import annotations

import os
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def split(secret: bytes, parts: int, threshold: int) -> list[bytes]:
    """Shares, of which any `threshold` give the secret; 2 <= threshold <= parts < 256."""
    # one polynomial for each byte, whose value at 0 is that byte
    polynomials = [bytes([byte]) + os.urandom(threshold - 1) for byte in secret]
    return [bytes(_at(polynomial, x) for polynomial in polynomials) + bytes([x]) for x in range(1, parts + 1)]


def _at(polynomial: bytes, x: int) -> int:
    return reduce(lambda value, factor: _times(value, x) ^ factor, reversed(polynomial), 0)


def combine(shares: Sequence[bytes]) -> bytes:
    """Raises ValueError for shares that do not belong together."""
    lengths, points = {len(share) for share in shares}, [share[-1] for share in shares if share]
    if len(shares) < 2 or len(lengths) != 1 or min(lengths) < 2 or len(set(points)) != len(shares):
        raise ValueError("the parts of the data key do not belong together")
    weights = [_weight(points, index) for index in range(len(points))]
    size = lengths.pop() - 1
    weighed = list(zip(shares, weights, strict=True))
    return bytes(reduce(xor, (_times(share[i], weight) for share, weight in weighed)) for i in range(size))


def _weight(points: Sequence[int], index: int) -> int:
    """Lagrange's basis at 0."""
    result = 1
    for other, point in enumerate(points):
        if other != index:
            result = _times(result, _times(point, _inverse(points[index] ^ point)))
    return result


def _times(a: int, b: int) -> int:
    """In the field of AES: modulo x^8 + x^4 + x^3 + x + 1."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return result


def _inverse(a: int) -> int:
    """a to the power of 254."""
    result = a
    for _ in range(6):
        result = _times(_times(result, result), a)
    return _times(result, result)
