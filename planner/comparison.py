"""Comparison: what two ways of choosing on the same decisions tell, and how little it may be. Pure.

All of it is exact and in plain Python: the binomial, not the normal curve, decides.
"""

import math
from fractions import Fraction
from typing import NamedTuple

ALPHA = 0.05
"""A difference counts when chance alone would show it more rarely than this."""
POWER = 0.8
"""How surely the detectable share is detected."""
_Z = 1.959963984540054
_STEPS = 40


class Interval(NamedTuple):
    """A share and the bounds within which it lies with 95 % confidence."""

    share: float
    low: float
    high: float


class Detectable(NamedTuple):
    """The smallest change that so many paired decisions can show."""

    pairs: int
    flips: int | None
    """Flips one way, and none the other, that are significant; None where there are too few pairs."""
    share: float | None
    """Those flips as a share of the pairs."""
    with_power: float | None
    """Share of decisions that must really flip one way so that it is seen four times out of five."""

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.flips is None or self.share is None:
            return f"n={self.pairs}: too few to show any change; 6 one-way flips are needed at least"
        found = f"n={self.pairs}: smallest detectable change: {self.flips} one-way flips ({self.share:.1%})"
        return f"{found}; a true change of {self.with_power:.1%} is found with {POWER:.0%} certainty"


def mcnemar(broke: int, fixed: int) -> float:
    """Return the exact two-sided p-value of McNemar's test for the two kinds of discordant pairs."""
    discordant = broke + fixed
    if discordant == 0:
        return 1.0
    tail = ways = 1
    for k in range(min(broke, fixed)):
        ways = ways * (discordant - k) // (k + 1)
        tail += ways
    # Of integers, since floats run out of range at a thousand flips.
    return float(min(Fraction(1), Fraction(2 * tail, 1 << discordant)))


def wilson(successes: int, n: int) -> Interval:
    """Return the share of successes with its Wilson interval."""
    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    share, square = successes / n, _Z * _Z
    middle = share + square / (2 * n)
    spread = _Z * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    # Rounding must not put the bound of a share of all or none beside it.
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == n else (middle + spread) / scale
    return Interval(share, low, high)


def detectable(pairs: int) -> Detectable:
    """Return the smallest change that so many pairs can show at all, and with what share it is found."""
    flips = next((count for count in range(1, pairs + 1) if mcnemar(0, count) <= ALPHA), None)
    if flips is None:
        return Detectable(pairs, None, None, None)
    return Detectable(pairs, flips, flips / pairs, _share_found(pairs, flips))


def _share_found(pairs: int, flips: int) -> float:
    """Return the smallest true share of flips of which at least `flips` are seen with the wanted power."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if at_least(flips, pairs, middle) >= POWER:
            high = middle
        else:
            low = middle
    return high


def at_least(k: int, n: int, p: float) -> float:
    """Return the probability of at least k of n, each with probability p."""
    if p <= 0.0:
        return 0.0 if k > 0 else 1.0
    if p >= 1.0:
        return 1.0
    below = (
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(i + 1)
            - math.lgamma(n - i + 1)
            + i * math.log(p)
            + (n - i) * math.log1p(-p)
        )
        for i in range(k)
    )
    return 1.0 - math.fsum(below)
