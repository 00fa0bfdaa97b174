"""Transient impact: an order raises the asks that it meets afterwards, and what is raised fades.

After the block-shaped limit order book of Obizhaeva & Wang, "Optimal trading strategy and
supply/demand dynamics" (Journal of Financial Markets 16, 2013), without its permanent part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sor_opt.durations import read_duration
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.tape import FloatArray, IntArray

LARGEST = 10_000
"""Basis points: 1,000 shares double the price."""


@dataclass(frozen=True)
class Impact:
    """What an order's own executions at asks do to the asks that it meets afterwards.

    Parameters
    ----------
    bps : float
        Basis points of the arrival mid by which 1,000 shares raise them, 0 to `LARGEST`.
    half_life : int
        Nanoseconds in which half of that is gone, > 0.

    Raises
    ------
    ConfigError
        If a number is out of its range.

    Examples
    --------
    >>> minute = 60 * 10**9
    >>> impact = Impact(0.5, half_life=minute)
    >>> float(impact.raised(np.array([4000.0]), np.array([100.0]), np.array([minute]))[0])
    0.01
    """

    bps: float
    half_life: int

    def __post_init__(self) -> None:
        if not 0 <= self.bps <= LARGEST:
            raise ConfigError(
                f"an impact must be 0 to {LARGEST:,} basis points per 1,000 shares, got "
                f"{self.bps:g}"
            )
        if self.half_life <= 0:
            raise ConfigError(
                f"the half-life of an impact must be > 0, got {self.half_life / 1e9:g}s"
            )

    @classmethod
    def read(cls, text: str) -> Impact:
        """Read basis points per 1,000 shares and a half-life, as in `0.5:1m`.

        Raises
        ------
        ConfigError
            If it is written otherwise, or a number is out of its range.
        """
        bps, colon, half_life = text.partition(":")
        try:
            number = float(bps)
        except ValueError:
            colon = ""
        if not colon:
            raise ConfigError(
                f"{quoted(text)} is no impact; write 0.5:1m, the basis points by which 1,000 "
                "shares raise the asks and the half-life of that"
            )
        return cls(number, read_duration(half_life))

    def raised(self, shares: FloatArray, mid: FloatArray, age: IntArray) -> FloatArray:
        """Dollars per share by which shares bought at asks raise them still.

        Parameters
        ----------
        shares : float64 ndarray, shape (n,)
        mid : float64 ndarray, shape (n,)
            The order's arrival mid.
        age : int64 ndarray, shape (n,)
            Nanoseconds since they were bought.
        """
        dollars = self.bps / 1e4 * np.abs(mid) / 1000 * shares
        faded: FloatArray = dollars * np.exp2(-age / self.half_life)
        return faded
