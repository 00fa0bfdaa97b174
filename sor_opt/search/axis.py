"""One parameter of a search: the grid's levels, how far it may go, and how a step is measured."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sor_opt.errors import ConfigError, quoted
from sor_opt.params import Parameter

MAX_REACH = 1e6

MAX_LEVEL = 1e15
"""Of either sign; whole numbers up to here are exact."""


class Bounds(NamedTuple):
    """An interval of numbers, both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class Axis(ABC):
    """A parameter that is searched; a subclass per scale, `LogAxis` and `LinearAxis`.

    Parameters
    ----------
    name : str
    levels : tuple of float
        The grid's, rising; rounded on an axis of whole numbers.
    low, high : float
        The ends that no search may leave, `MAX_LEVEL` at most in size.
    whole : bool
        Whether it takes whole numbers alone.
    reach : float, optional
        With it a search goes from the lowest level / reach to the highest level x reach, within
        the ends; > 1 and at most `MAX_REACH`.

    Raises
    ------
    ConfigError
        If a number is out of its range, or there is one value alone.
    """

    scale: ClassVar[str]
    """Of the search: log or linear."""

    name: str
    levels: tuple[float, ...]
    low: float
    high: float
    whole: bool = False
    reach: float | None = None

    def __post_init__(self) -> None:
        check_levels(self.name, self.levels, positive=self.scale == LogAxis.scale)
        ends = f"{self.low:g} to {self.high:g}"
        if not -MAX_LEVEL <= self.low <= self.high <= MAX_LEVEL:
            raise ConfigError(f"{self.name} must keep to +-{MAX_LEVEL:g}, got {ends}")
        if self.whole and (self.low % 1 or self.high % 1):
            raise ConfigError(f"{self.name} must begin and end with whole numbers, got {ends}")
        if not self.low <= self.levels[0] <= self.levels[-1] <= self.high:
            raise ConfigError(
                f"{self.name} must hold levels of {ends}, got {quoted(list(self.levels))}"
            )
        if self.reach is not None and not 1 < self.reach <= MAX_REACH:
            raise ConfigError(f"reach must be > 1 and at most {MAX_REACH:g}, got {self.reach:g}")
        object.__setattr__(self, "levels", self.rounded(self.levels))
        if not self.bounds.low < self.bounds.high:
            raise ConfigError(
                f"{self.name} takes one value alone, {self.bounds.low:g}, and does not move"
            )

    @staticmethod
    def of(
        parameter: Parameter, levels: Sequence[float] | None = None, reach: float | None = None
    ) -> Axis:
        """The axis of a policy's parameter.

        Parameters
        ----------
        parameter : Parameter
        levels : sequence of float, optional
            In place of those of its range; a parameter without a range keeps between the lowest
            and the highest of them, on a linear scale.
        reach : float, optional
            In place of that of its range, where it has one.

        Raises
        ------
        ConfigError
            If it is no number, or a level is out of its range.
        """
        name, kind, known = parameter.name, parameter.kind, parameter.range
        if kind not in (int, float):
            raise ConfigError(f"{name} is no number, and is not searched; give one value")
        if levels is not None:
            check_levels(name, levels, positive=known is not None and known.log)
            if kind is int and any(level % 1 for level in levels):
                raise ConfigError(f"{name} must hold whole numbers, got {quoted(list(levels))}")
        if known is None:
            if levels is None:
                raise ConfigError(f"{name} has no range; name its levels")
            return LinearAxis(name, tuple(levels), levels[0], levels[-1], kind is int)
        chosen = known.levels if levels is None else tuple(levels)
        reaches = known.reach and (reach or known.reach)
        made = LogAxis if known.log else LinearAxis
        return made(name, chosen, known.low, known.high, kind is int, reaches)

    @cached_property
    def bounds(self) -> Bounds:
        """The widest interval that a search may reach."""
        low, high = self.low, self.high
        if self.reach is not None:
            first, last = self.levels[0], self.levels[-1]
            low = max(low, min(first / self.reach, first * self.reach))
            high = min(high, max(last / self.reach, last * self.reach))
        return Bounds(math.ceil(low), math.floor(high)) if self.whole else Bounds(low, high)

    @property
    def size(self) -> float:
        """How many values there are."""
        return self.bounds.high - self.bounds.low + 1 if self.whole else math.inf

    def value(self, number: float) -> float:
        """A number as the parameter takes it: a whole one if need be."""
        return round(number) if self.whole else float(number)

    def rounded(self, numbers: Sequence[float]) -> tuple[float, ...]:
        """Numbers as the parameter takes them, rising, each once."""
        return tuple(sorted({self.value(number) for number in numbers}))

    def within(self, number: float) -> float:
        """A number as the parameter takes it, drawn into the bounds."""
        low, high = self.bounds
        return self.value(min(max(number, low), high))

    def around(self, value: float) -> tuple[float, ...]:
        """A value of the bounds and up to two on each side, half a `span` away at most."""
        half = self.span(value) / 2
        wide = np.linspace(value - half, value + half, 5).clip(*self.bounds).tolist()
        wide[2] = value  # to the last bit
        return self.rounded(wide)

    @abstractmethod
    def span(self, value: float) -> float:
        """The length, > 0, that steps from a value are measured in."""

    @abstractmethod
    def at(self, share: float) -> float:
        """The value at a share of the way from the lower bound to the upper one, 0 to 1."""

    @abstractmethod
    def scaled(self, value: float, factor: float) -> float:
        """A value moved by a factor > 0, near 1 by (factor - 1) spans, within the bounds."""

    @abstractmethod
    def factor(self, value: float, other: float) -> float:
        """The factor by which `scaled` moves a value to another one."""


@dataclass(frozen=True)
class LogAxis(Axis):
    """Positive numbers, of which ratios matter: a factor multiplies."""

    scale = "log"

    def span(self, value: float) -> float:
        """The value itself."""
        return value

    def at(self, share: float) -> float:
        """Even in the logarithm."""
        low, high = self.bounds
        return self.within(low * (high / low) ** share)

    def scaled(self, value: float, factor: float) -> float:
        """The product."""
        return self.within(value * factor)

    def factor(self, value: float, other: float) -> float:
        """The ratio."""
        return other / value


@dataclass(frozen=True)
class LinearAxis(Axis):
    """Numbers of either sign, of which differences matter: a factor adds its logarithm in spans."""

    scale = "linear"

    def span(self, value: float) -> float:  # noqa: ARG002
        """Half the width of the bounds; at least 2 between whole numbers, to reach the next one."""
        return max((self.bounds.high - self.bounds.low) / 2, 2.0 if self.whole else 0.0)

    def at(self, share: float) -> float:
        """Even in the number."""
        low, high = self.bounds
        return self.within(low + (high - low) * share)

    def scaled(self, value: float, factor: float) -> float:
        """So many spans further as the factor's logarithm."""
        return self.within(value + self.span(value) * math.log(factor))

    def factor(self, value: float, other: float) -> float:
        """Whose logarithm is the difference in spans."""
        return math.exp((other - value) / self.span(value))


SCALES: dict[str, type[Axis]] = {made.scale: made for made in (LogAxis, LinearAxis)}


def check_levels(name: str, levels: Any, *, positive: bool = False) -> None:
    """Refuse what are no rising finite numbers, or none > 0 where they must be.

    Raises
    ------
    ConfigError
    """
    low = 0.0 if positive else -math.inf
    if not (
        isinstance(levels, (list, tuple))
        and levels
        and all(map(is_number, levels))
        and all(a < b for a, b in itertools.pairwise((low, *levels, math.inf)))
    ):
        above = " > 0" if positive else ""
        shown = quoted(list(levels) if isinstance(levels, tuple) else levels)
        raise ConfigError(f"{name} must hold rising levels{above}, got {shown}")


def is_number(value: object) -> bool:
    """Whether something is a number, and not yes or no."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
