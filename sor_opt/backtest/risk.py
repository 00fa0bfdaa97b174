"""Risk of costs over orders, and the measures of it that a search may minimise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import astuple, dataclass, fields
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.market.tape import FloatArray

WORST = 0.9
"""The level of the CVaR that results tell: the mean of the worst tenth."""

MAX_WEIGHT = 1e6
"""The highest weight of a standard deviation."""


@dataclass(frozen=True)
class Measure(ABC):
    """A number that stands for the costs of many orders; less is better.

    A subclass is a frozen dataclass of at most one field, its number.
    """

    form: ClassVar[str]
    """How it is written: its family and, after a colon, what its number is called."""
    least: ClassVar[int] = 1
    """The fewest orders that it says something of."""

    @property
    def name(self) -> str:
        """The text that `read_measure` makes it of."""
        return ":".join([family_of(type(self)), *map(_written, astuple(self))])

    def of(self, costs: FloatArray) -> FloatArray:
        """The measure over the orders, the first axis.

        Parameters
        ----------
        costs : float64 ndarray, shape (orders, ...)
            In any unit. An order with a value that is NaN or infinite is left out, everywhere.

        Returns
        -------
        float64 ndarray, shape (...)
            NaN where fewer orders than `least` are left.
        """
        known = costs[np.isfinite(costs).all(axis=tuple(range(1, costs.ndim)))]
        if len(known) < self.least:
            return np.full(costs.shape[1:], np.nan)
        return np.asarray(self._of_known(known))

    @abstractmethod
    def _of_known(self, costs: FloatArray) -> FloatArray:
        """The same of at least `least` orders whose costs are all finite."""


def family_of(kind: type[Measure]) -> str:
    """What the names of a class's measures begin with."""
    return kind.form.partition(":")[0]


@dataclass(frozen=True)
class Mean(Measure):
    """The mean."""

    form = "mean"

    def _of_known(self, costs: FloatArray) -> FloatArray:
        return np.asarray(costs.mean(axis=0))


@dataclass(frozen=True)
class Sd(Measure):
    """The standard deviation, of n - 1 degrees of freedom."""

    form = "sd"
    least = 2

    def _of_known(self, costs: FloatArray) -> FloatArray:
        return np.asarray(costs.std(axis=0, ddof=1))


@dataclass(frozen=True)
class MeanSd(Measure):
    """The mean plus so many standard deviations, of n - 1 degrees of freedom.

    Parameters
    ----------
    weight : float
        How many, from 0 to `MAX_WEIGHT`.

    Raises
    ------
    ConfigError
        If the weight is out of its range.
    """

    form = "mean+sd:K"
    least = 2
    weight: float

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= MAX_WEIGHT:
            raise ConfigError(
                f"K of mean+sd:K must be from 0 to {MAX_WEIGHT:g}, got {self.weight:g}"
            )

    def _of_known(self, costs: FloatArray) -> FloatArray:
        return np.asarray(costs.mean(axis=0) + self.weight * costs.std(axis=0, ddof=1))


@dataclass(frozen=True)
class Cvar(Measure):
    """Conditional value at risk: the mean of the worst orders, ceil((1 - level) n) of n.

    Rockafellar & Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2 (2000);
    of a sample of which whole orders count.

    Parameters
    ----------
    level : float
        >= 0, where it is the mean of all, and < 1; it counts as it is written, so that of 0.9 a
        tenth of ten orders is one.

    Raises
    ------
    ConfigError
        If the level is out of its range.
    """

    form = "cvar:ALPHA"
    level: float

    def __post_init__(self) -> None:
        if not 0 <= self.level < 1:
            raise ConfigError(f"ALPHA of cvar:ALPHA must be >= 0 and < 1, got {self.level:g}")

    def _of_known(self, costs: FloatArray) -> FloatArray:
        worst = math.ceil((1 - Fraction(repr(float(self.level)))) * len(costs))
        return np.asarray(np.sort(costs, axis=0)[-worst:].mean(axis=0))


MEAN = Mean()
"""What is minimised unless another measure is asked for."""

MEASURES: dict[str, type[Measure]] = {family_of(kind): kind for kind in (Mean, Sd, MeanSd, Cvar)}
"""All measures by their families."""

FORMS = tuple(kind.form for kind in MEASURES.values())
"""How they are written."""


def read_measure(text: str) -> Measure:
    """Make a measure of its name, such as ``mean``, ``mean+sd:0.5`` or ``cvar:0.9``.

    Raises
    ------
    ConfigError
        If there is no such measure, or its number is missing or wrong.

    Examples
    --------
    >>> read_measure("mean+sd:0.50").name
    'mean+sd:0.5'
    """
    family, *numbers = text.strip().split(":")
    kind = MEASURES.get(family)
    known = f"there are {', '.join(FORMS)}"
    if kind is None or len(numbers) != len(fields(kind)):
        raise ConfigError(f"no objective {quoted(text)}; {known}")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        raise ConfigError(f"{quoted(numbers[0])} is no number; {known}") from None
    return kind(*values)


def read_measures(text: str) -> tuple[Measure, ...]:
    """Make the measures whose names stand in a text, with commas between them.

    Raises
    ------
    ConfigError
        As of `read_measure`; or if one is given twice.
    """
    measures = tuple(map(read_measure, text.split(",")))
    if len(set(measures)) < len(measures):
        raise ConfigError(f"{quoted(text)} must name each objective once")
    return measures


class Risk(NamedTuple):
    """How costs spread over orders, in bps; NaN where nothing is known.

    Attributes
    ----------
    sd : float
        Standard deviation, of n - 1 degrees of freedom.
    median : float
    cvar : float
        Mean of the worst tenth, of ceil(n / 10) orders.
    """

    sd: float
    median: float
    cvar: float


def risk_of(values: FloatArray) -> Risk:
    """Risk of per-order costs; NaN values are left out.

    Examples
    --------
    >>> risk = risk_of(np.array([1.0, 2.0, 4.0, 9.0, np.nan]))
    >>> risk.median, risk.cvar
    (3.0, 9.0)
    """
    known = values[np.isfinite(values)]
    median = float(np.median(known)) if known.size else float("nan")
    return Risk(float(Sd().of(known)), median, float(Cvar(WORST).of(known)))


def mean_of(values: FloatArray) -> float:
    """Mean of per-order values; NaN and infinite ones are left out, NaN where nothing is left."""
    return float(MEAN.of(values))


def _written(number: Any) -> str:
    return repr(float(number) + 0.0).removesuffix(".0")
