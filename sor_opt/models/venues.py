"""Venues of one book, and what venues charge and pay."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.market.tape import FloatArray
from sor_opt.models.bounds import MAX_PRICE, MAX_SHARES
from sor_opt.texts import parse_toml, read_text

BookSide = Literal["bid", "ask"]


@dataclass(frozen=True)
class Venue:
    """One venue's top of book and fees.

    Each side stands alone: one without a price or a size is empty, whatever the other one shows.

    Parameters
    ----------
    name : str
    bid, ask : float, optional
        Dollars per share, > 0 and at most `MAX_PRICE`. A locked or crossed pair is allowed.
    bid_size, ask_size : float
        Displayed shares, 0 to `MAX_SHARES`; 0 shows nothing.
    fee, rebate : float, optional
        Dollars per share paid for taking and received for making; any sign, at most `MAX_PRICE`.
        A fee that is left out is not known: `priced` looks it up. A rebate beside a fee is then 0.
    queue : float, optional
        Shares ahead of a new order at the best price of its side, infinite where none gets
        through; by default what is displayed there, and infinite where nothing is.

    Raises
    ------
    ConfigError
        If a number is out of its range or not finite.
    """

    name: str
    bid: float | None = None
    bid_size: float = 0.0
    ask: float | None = None
    ask_size: float = 0.0
    fee: float | None = None
    rebate: float | None = None
    queue: float | None = None

    def __post_init__(self) -> None:
        if not (self.name and self.name.isprintable()):
            raise ConfigError(
                f"a venue needs a name of printable characters, got {quoted(self.name)}"
            )
        for name in ("bid", "ask"):
            self._check(name, "finite and > 0", lambda price: price > 0, MAX_PRICE)
        for name in ("bid_size", "ask_size"):
            self._check(name, "finite and >= 0", lambda size: size >= 0, MAX_SHARES)
        for name in ("fee", "rebate"):
            self._check(name, "finite", lambda _: True, MAX_PRICE)
        if self.queue is not None and not self.queue >= 0:
            raise ConfigError(f"{self.name}: queue must be >= 0, got {self.queue:g}")

    def _check(self, name: str, rule: str, holds: Callable[[float], bool], most: float) -> None:
        value = getattr(self, name)
        if value is None:
            return
        if not (holds(value) and math.isfinite(value)):
            raise ConfigError(f"{self.name}: {name} must be {rule}, got {value:g}")
        if abs(value) > most:
            raise ConfigError(f"{self.name}: {name} must be at most {most:g}, got {value:g}")

    def shows(self, side: BookSide) -> bool:
        """Whether a side has a price and a size."""
        return getattr(self, side) is not None and getattr(self, f"{side}_size") > 0

    def priced(self, fees: FeeSchedule) -> Venue:
        """The venue with a fee, and a rebate where it names none, of a schedule's newest row.

        A venue that names its fee is taken as it is.

        Raises
        ------
        ConfigError
            If the schedule has no row for it.
        """
        if self.fee is not None:
            return self
        row = fees.newest(self.name)
        rebate = row.rebate if self.rebate is None else self.rebate
        return replace(self, fee=row.taker, rebate=rebate)


@dataclass(frozen=True)
class Fee:
    """What a venue charges and pays from a date on.

    Parameters
    ----------
    venue : str
    date : datetime.date
        The first day it holds.
    taker : float
        Dollars per share paid for taking; negative where the venue pays (inverted).
    rebate : float
        Dollars per share received for making; negative where the maker pays.
    source : str
        Where the numbers come from.
    assumption : bool
        Whether a number goes beyond the source.

    Raises
    ------
    ConfigError
        If a number is not finite or half a dollar and more, which is no fee per share.
    """

    venue: str
    date: date
    taker: float
    rebate: float
    source: str = ""
    assumption: bool = False

    def __post_init__(self) -> None:
        for name in ("taker", "rebate"):
            if not abs(getattr(self, name)) < 0.5:
                raise ConfigError(
                    f"{name} of {quoted(self.venue)} must be dollars per share, got "
                    f"{getattr(self, name):g}"
                )


class FeeSchedule:
    """A dated table of fees.

    Parameters
    ----------
    rows : iterable of Fee
        Of two rows with one venue and date the later one stands.

    Examples
    --------
    >>> fees = FeeSchedule(
    ...     [
    ...         Fee("XNAS", date(2024, 1, 1), taker=0.0030, rebate=0.0020),
    ...         Fee("XNAS", date(2024, 6, 1), taker=0.0028, rebate=0.0020),
    ...     ]
    ... )
    >>> takers, rebates = fees.on(["XNAS"], date(2024, 3, 4))
    >>> takers.tolist(), rebates.tolist()
    ([0.003], [0.002])
    """

    def __init__(self, rows: Iterable[Fee]) -> None:
        given = {(row.venue, row.date): row for row in rows}
        self._dated: dict[str, list[Fee]] = {}
        for key in sorted(given):
            self._dated.setdefault(key[0], []).append(given[key])

    @property
    def rows(self) -> tuple[Fee, ...]:
        """All rows, by venue and date."""
        return tuple(row for dated in self._dated.values() for row in dated)

    @classmethod
    def packaged(cls) -> FeeSchedule:
        """Read the table that comes with sor_opt."""
        resource = files("sor_opt.models") / "fees.toml"
        return cls._parse(resource.read_text(encoding="utf-8"), "fees.toml")

    @classmethod
    def read(cls, path: Path | str) -> FeeSchedule:
        """Read a TOML file of ``[[fee]]`` rows with the fields of `Fee`.

        Raises
        ------
        DataError
            If the file cannot be read or a row is wrong; rows count from 1.
        """
        return cls._parse(read_text(path, "a TOML file of fees"), str(path))

    @classmethod
    def _parse(cls, text: str, file: str) -> FeeSchedule:
        rows = parse_toml(text, file).get("fee")
        if not isinstance(rows, list) or not rows:
            raise DataError("holds no fees", file=file, hint=f"add rows like {_example('XNYS')}")
        return cls(_fee(row, number, file) for number, row in enumerate(rows, start=1))

    def override(self, other: FeeSchedule) -> FeeSchedule:
        """Give this schedule with every venue that `other` names taken wholly from `other`."""
        named = {row.venue for row in other.rows}
        return FeeSchedule([*(row for row in self.rows if row.venue not in named), *other.rows])

    def on(self, venues: Sequence[str], day: date) -> tuple[FloatArray, FloatArray]:
        """Look up what holds on a day.

        A day before a venue's first row takes that first row; `later` names such venues.

        Parameters
        ----------
        venues : sequence of str, length K
        day : datetime.date

        Returns
        -------
        taker, rebate : float64 arrays, shape (K,)
            Dollars per share.

        Raises
        ------
        ConfigError
            If a venue has no row.
        """
        found = [self._latest(venue, day) for venue in venues]
        taker, rebate = [row.taker for row in found], [row.rebate for row in found]
        return np.array(taker, dtype=np.float64), np.array(rebate, dtype=np.float64)

    def later(self, venues: Sequence[str], day: date) -> dict[date, list[str]]:
        """Name the venues for which `on` takes a row of after `day`, by the row's date.

        Raises
        ------
        ConfigError
            If a venue has no row.
        """
        found: dict[date, list[str]] = {}
        for venue in venues:
            begins = self._latest(venue, day).date
            if begins > day:
                found.setdefault(begins, []).append(venue)
        return dict(sorted(found.items()))

    def newest(self, venue: str) -> Fee:
        """Look up a venue's newest row.

        Raises
        ------
        ConfigError
            If the venue has no row.
        """
        return self._latest(venue, date.max)

    def _latest(self, venue: str, day: date) -> Fee:
        dated = self._dated.get(venue)
        if not dated:
            raise ConfigError(
                f"no fee is known for venue {venue}; give one with --fees FILE, a TOML file with "
                f"{_example(venue)}, or count none with --no-fees"
            )
        holding = [row for row in dated if row.date <= day]
        return (holding or dated[:1])[-1]


class NoFees(FeeSchedule):
    """No venue charges or pays anything."""

    def __init__(self) -> None:
        super().__init__(())

    def _latest(self, venue: str, day: date) -> Fee:
        return Fee(venue, day, taker=0.0, rebate=0.0, source="--no-fees")


_NEEDED: dict[str, tuple[type, ...]] = {
    "venue": (str,),
    "date": (date,),
    "taker": (int, float),
    "rebate": (int, float),
}
_TYPES = _NEEDED | {"source": (str,), "assumption": (bool,)}


def _fee(row: Any, number: int, file: str) -> Fee:
    if not isinstance(row, dict) or not _NEEDED.keys() <= row.keys():
        raise DataError(
            f"fee {number} needs {', '.join(_NEEDED)}", file=file, hint=f"write {_example('XNYS')}"
        )
    for name, value in row.items():
        if type(value) not in _TYPES.get(name, ()):  # a bool is an int, a datetime is a date
            raise DataError(
                f"fee {number}: {name[:80]} = {quoted(value)} is not understood", file=file
            )
    try:
        return Fee(**row)
    except ConfigError as error:
        raise DataError(f"fee {number}: {error}", file=file) from error


def _example(venue: str) -> str:
    return (
        f'[[fee]] and, a line each, venue = "{venue}", date = 2018-01-01, taker = 0.0030, '
        "rebate = 0.0020"
    )
