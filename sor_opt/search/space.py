"""The parameter space: the grid's levels, and the wide bounds that a search may not leave."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, get_args

from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.models.bounds import MAX_PENALTY, MIN_LEVEL
from sor_opt.models.risk import RiskParams, Unit
from sor_opt.texts import parse_toml, read_text

NAMES = ("lambda_over", "lambda_under", "theta_queue")

MAX_REACH = 1e6

MAX_POINTS = 10_000
"""Points of a grid."""


class Bounds(NamedTuple):
    """An interval of positive numbers, searched on a log scale."""

    low: float
    high: float


@dataclass(frozen=True)
class Space:
    """Levels of the three parameters, and bounds for searches that leave the grid.

    Parameters
    ----------
    lambda_over, lambda_under, theta_queue : tuple of float
        The grid's levels, rising, > 0, `MIN_LEVEL` to `MAX_PENALTY`; the defaults are the usual 27
        points. All combinations are at most `MAX_POINTS`.
    reach : float
        A search may go from the lowest level / reach to the highest level x reach (but no higher
        than `MAX_PENALTY`), > 1 and at most `MAX_REACH`.
    unit : {"fraction", "per_share"}
        What all numbers are in.

    Raises
    ------
    ConfigError
        If a number is out of its range, the unit is unknown, or the grid is too large.
    """

    lambda_over: tuple[float, ...] = (0.0005, 0.001, 0.002)
    lambda_under: tuple[float, ...] = (0.0005, 0.001, 0.002)
    theta_queue: tuple[float, ...] = (0.00005, 0.0001, 0.0002)
    reach: float = 20.0
    unit: Unit = "fraction"

    def __post_init__(self) -> None:
        for name in NAMES:
            levels = getattr(self, name)
            if not (isinstance(levels, tuple) and levels and _rising(levels)):
                raise ConfigError(f"{name} must hold rising levels > 0, got {_shown(levels)}")
            if not MIN_LEVEL <= levels[0] <= levels[-1] <= MAX_PENALTY:
                raise ConfigError(
                    f"{name} must hold levels of {MIN_LEVEL:g} to {MAX_PENALTY:g}, got "
                    f"{_shown(levels)}"
                )
        points = math.prod(len(self.levels(name)) for name in NAMES)
        if points > MAX_POINTS:
            raise ConfigError(f"the levels make {points:,} points, more than {MAX_POINTS:,}")
        if not (_is_number(self.reach) and 1 < self.reach < math.inf):
            raise ConfigError(f"reach must be > 1, got {_shown(self.reach)}")
        if self.reach > MAX_REACH:
            raise ConfigError(f"reach must be at most {MAX_REACH:g}, got {self.reach:g}")
        if self.unit not in get_args(Unit):
            raise ConfigError(f"unit must be fraction or per_share, got {_shown(self.unit)}")

    @classmethod
    def read(cls, path: Path) -> Space:
        """Read a space from TOML with the fields of this class; what is left out keeps its default.

        Raises
        ------
        DataError
            If the file cannot be read, or a key or a value is wrong.
        """
        given = parse_toml(read_text(path, "a TOML file of levels"), path)
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            hint = f"known are {', '.join(known)}"
            raise DataError(f"unknown key {quoted(unknown[0])}", file=path, hint=hint)
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        try:
            return cls(**values)
        except ConfigError as error:
            raise DataError(str(error), file=path) from error

    def levels(self, name: str) -> tuple[float, ...]:
        """The grid's levels of one parameter."""
        return tuple(getattr(self, name))

    def bounds(self, name: str) -> Bounds:
        """The widest interval that a search of one parameter may reach."""
        levels = self.levels(name)
        return Bounds(levels[0] / self.reach, min(levels[-1] * self.reach, MAX_PENALTY))

    def params(self, values: dict[str, float]) -> RiskParams:
        """Make risk parameters of this space's unit from a value per name."""
        return RiskParams(**{name: values[name] for name in NAMES}, unit=self.unit)

    def grid(self) -> list[RiskParams]:
        """All combinations of the levels; `theta_queue` moves fastest."""
        products = itertools.product(*(self.levels(name) for name in NAMES))
        return [self.params(dict(zip(NAMES, values, strict=True))) for values in products]

    def describe(self) -> dict[str, object]:
        """The space as plain data, for fingerprints and reports."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _rising(levels: tuple[Any, ...]) -> bool:
    """Whether these are finite numbers > 0, each greater than the one before."""
    chain = (0, *levels, math.inf)
    return all(map(_is_number, levels)) and all(a < b for a, b in itertools.pairwise(chain))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """A value as its file has it: a list, not a tuple."""
    return quoted(list(value) if isinstance(value, tuple) else value)
