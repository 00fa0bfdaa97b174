"""Outflow scenarios of one moment: what may leave each venue's bid queue over the horizon.

The outflow xi_k is the volume that leaves the front of venue k's queue within the horizon T; a bid
of L_k shares behind Q_k others executes min((xi_k - Q_k)^+, L_k) of them (Cont & Kukanov, 2.1).
A scenario is one outflow for each venue, jointly. Scenarios are given, or drawn from a one-factor
model (Cont & Kukanov, 5.1)::

    xi_k = alpha xi_0 mean_k / mean_0 + (1 - alpha) eps_k

with independent xi_0 and eps_k of one family and of means mean_0 (the venues' average) and mean_k.
`sor_opt.models.windows` takes them from past trades instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Annotated

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.market.tape import FloatArray
from sor_opt.models.bounds import MAX_CELLS
from sor_opt.params import Param

MAX_SCENARIOS = 100_000
MAX_MEAN = 1e15
"""Shares: counts beyond it are no whole numbers any more."""

MAX_TAIL = 1000.0

_Draw = Callable[[np.random.Generator, FloatArray, float, int], FloatArray]


def _poisson(rng: np.random.Generator, mean: FloatArray, _tail: float, count: int) -> FloatArray:
    return rng.poisson(mean, (count, len(mean))).astype(np.float64)


def _exponential(
    rng: np.random.Generator, mean: FloatArray, _tail: float, count: int
) -> FloatArray:
    return mean * rng.standard_exponential((count, len(mean)))


def _pareto(rng: np.random.Generator, mean: FloatArray, tail: float, count: int) -> FloatArray:
    least = mean * (tail - 1) / tail
    return least * (1 + rng.pareto(tail, (count, len(mean))))


FAMILIES: dict[str, _Draw] = {
    "poisson": _poisson,
    "exponential": _exponential,
    "pareto": _pareto,
}
"""Draws of shape (count, K) by name: the one place to add a family."""


@dataclass(frozen=True)
class Outflow:
    """The `[outflow]` of a book: samples, or a family to draw them from.

    Parameters
    ----------
    samples : tuple of tuple of float, optional
        One row per scenario, one outflow in shares per venue, >= 0 (infinite: all is filled).
    family : {"poisson", "exponential", "pareto"}, optional
        Instead of samples.
    mean : float or tuple of float
        Mean outflow in shares, > 0 and at most `MAX_MEAN`: of every venue, or one for each.
    alpha : float
        Share of the common factor, 0 to 1.
    tail : float
        The Pareto's tail index, > 1 and at most `MAX_TAIL`: P(xi > x) falls like x^-tail.
    scenarios : int
        How many to draw, 1 to `MAX_SCENARIOS`.
    seed : int
        Of the draw, >= 0.

    Raises
    ------
    ConfigError
        If a number is out of its range, the family is unknown, or neither or both are given.
    """

    samples: tuple[tuple[float, ...], ...] = ()
    family: Annotated[str | None, Param("what they are drawn from")] = None
    mean: Annotated[float | tuple[float, ...], Param("mean outflow", "shares")] = 0.0
    alpha: Annotated[float, Param("share of the common factor")] = 0.0
    tail: Annotated[float, Param("the Pareto's tail index")] = 2.5
    scenarios: Annotated[int, Param("how many to draw")] = 1000
    seed: Annotated[int, Param("of the draw")] = 0

    def __post_init__(self) -> None:
        if bool(self.samples) == (self.family is not None):
            raise ConfigError("outflow needs either samples or a family")
        if self.family is None:
            self._check_samples()
            for other in fields(self):
                if other.name != "samples" and getattr(self, other.name) != other.default:
                    raise ConfigError(f"samples need no {other.name}")
            return
        if self.family not in FAMILIES:
            raise ConfigError(
                f"family must be one of {', '.join(FAMILIES)}, got {quoted(self.family)}"
            )
        if not self._means or not all(isinstance(mean, (int, float)) for mean in self._means):
            raise ConfigError("mean must be a number, or one number per venue")
        for mean in self._means:
            if not 0 < mean <= MAX_MEAN:
                raise ConfigError(f"mean must be > 0 and at most {MAX_MEAN:g}, got {mean:g}")
        if not 0 <= self.alpha <= 1:
            raise ConfigError(f"alpha must be between 0 and 1, got {self.alpha:g}")
        if not 1 < self.tail <= MAX_TAIL:
            raise ConfigError(f"tail must be > 1 and at most {MAX_TAIL:g}, got {self.tail:g}")
        if not 1 <= self.scenarios <= MAX_SCENARIOS:
            raise ConfigError(
                f"scenarios must be between 1 and {MAX_SCENARIOS:,}, got {self.scenarios:,}"
            )
        if self.seed < 0:
            raise ConfigError(f"seed must be >= 0, got {self.seed}")

    def _check_samples(self) -> None:
        if not isinstance(self.samples, tuple):
            raise ConfigError("samples must be rows of one number per venue")
        if len(self.samples) > MAX_SCENARIOS:
            raise ConfigError(f"samples must hold at most {MAX_SCENARIOS:,} rows")
        if not all(isinstance(row, tuple) and row for row in self.samples):
            raise ConfigError("samples must be rows of one number per venue")
        width = len(self.samples[0])
        for number, row in enumerate(self.samples, start=1):
            if len(row) != width:
                raise ConfigError(
                    f"sample {number} must hold {width} numbers like the first, got {len(row)}"
                )
            for outflow in row:
                if not (isinstance(outflow, (int, float)) and outflow >= 0):
                    raise ConfigError(
                        f"sample {number} must hold outflows >= 0, got {quoted(outflow)}"
                    )

    def first(self, venues: int) -> Outflow:
        """The outflows of the first so many venues alone; draws are other ones then."""
        mean = self.mean[:venues] if isinstance(self.mean, tuple) else self.mean
        return replace(self, samples=tuple(row[:venues] for row in self.samples), mean=mean)

    @property
    def _means(self) -> tuple[float, ...]:
        return self.mean if isinstance(self.mean, tuple) else (self.mean,)

    def check_width(self, venues: int) -> None:
        """Refuse samples or means that are not one per venue.

        Raises
        ------
        ConfigError
        """
        if self.family is None:
            self._check_width("each sample", len(self.samples[0]), venues)
        elif isinstance(self.mean, tuple):
            self._check_width("mean", len(self.mean), venues)

    def draw(self, venues: int) -> FloatArray:
        """Give the scenarios, shape (scenarios, venues); the same seed gives the same.

        Raises
        ------
        ConfigError
            If samples or means are not one per venue, or there are too many of both.
        """
        self.check_width(venues)
        if venues * self.scenarios > MAX_CELLS:
            raise ConfigError(
                f"{self.scenarios:,} scenarios of {venues:,} venues are more than {MAX_CELLS:,} "
                "numbers; take fewer scenarios"
            )
        if self.family is None:
            return np.array(self.samples, dtype=np.float64)
        means = np.broadcast_to(np.array(self._means, dtype=np.float64), (venues,))
        rng, draw = np.random.default_rng(self.seed), FAMILIES[self.family]
        average = means.mean(keepdims=True)
        common = draw(rng, average, self.tail, self.scenarios) * (means / average)
        own = draw(rng, means, self.tail, self.scenarios)
        return np.asarray(self.alpha * common + (1 - self.alpha) * own)

    @staticmethod
    def _check_width(what: str, width: int, venues: int) -> None:
        if width != venues:
            raise ConfigError(
                f"outflow: {what} must hold one number per venue, {venues}, got {width}"
            )
