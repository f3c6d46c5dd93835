"""Quantities of Kubernetes (`500m`, `1.5Gi`, `2e3`) as exact numbers. Pure.

In: a quantity as text or number. Out: an exact `Amount` in the base unit (cores, bytes). The forms are those of
apimachinery's resource.Quantity: decimal and binary suffixes, or an exponent.
"""

from __future__ import annotations

import re
from fractions import Fraction

Amount = Fraction

_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]{1,2})|([numkMGTPE]|[KMGTPE]i))?")
_UNITS = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000**power) for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTPE", 1)},
}


def amount(quantity: str | int | float) -> Amount:
    """Raises ValueError for what is no quantity."""
    form = _FORM.fullmatch(str(quantity))
    if form is None:
        raise ValueError(f"{quantity!r} is no quantity")
    number, exponent, unit = form.groups()
    return Fraction(number) * Fraction(f"1{exponent}" if exponent else 1) * _UNITS.get(unit or "", Fraction(1))
