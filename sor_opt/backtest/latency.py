"""Latency: how long orders and quotes are on their way between the router and the venues."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sor_opt.durations import read_duration, write_duration
from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.market.tape import IntArray
from sor_opt.texts import parse_toml, read_text

LONGEST = 120 * 10**9
"""Nanoseconds: what takes longer is no latency."""

_DEFAULT = "default"


@dataclass(frozen=True)
class Latency:
    """A time for every venue, in one direction.

    Parameters
    ----------
    everywhere : int, optional
        Nanoseconds, 0 to `LONGEST`, for every venue that `at` does not name; None for no others.
    at : tuple of (str, int)
        A venue and its nanoseconds each.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a venue is named twice.

    Examples
    --------
    >>> Latency(5_000_000, at=(("XNYS", 1_000_000),)).of(("ARCX", "XNYS")).tolist()
    [5000000, 1000000]
    """

    everywhere: int | None = 0
    at: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        times = [time for _, time in self.at]
        for time in times if self.everywhere is None else [self.everywhere, *times]:
            if not 0 <= time <= LONGEST:
                raise ConfigError(
                    f"a latency must be 0 to {write_duration(LONGEST)}, got {time / 1e9:g}s"
                )
        if len(dict(self.at)) < len(self.at):
            raise ConfigError("a latency names a venue twice")

    @classmethod
    def read(cls, text: str) -> Latency:
        """Read a duration (5ms), or a TOML file: a duration for each venue, and a `default`.

        Raises
        ------
        ConfigError
            If a duration is too long.
        DataError
            If the file is wrong.
        """
        if not is_file(text):
            return cls(read_duration(text))
        path = Path(text)
        table = parse_toml(read_text(path, "a duration (5ms), or a TOML file of them"), path)
        if not table:
            raise DataError("names no venue", file=path, hint='write default = "5ms"')
        times = {venue: _duration(path, venue, value) for venue, value in table.items()}
        everywhere = times.pop(_DEFAULT, None)
        try:
            return cls(everywhere, tuple(sorted(times.items())))
        except ConfigError as error:
            raise DataError(str(error), file=path) from error

    @property
    def takes_time(self) -> bool:
        """Whether anything takes any time."""
        return bool(self.everywhere) or any(time for _, time in self.at)

    def of(self, venues: Sequence[str]) -> IntArray:
        """Nanoseconds for each of K venues, shape (K,).

        Raises
        ------
        ConfigError
            If one is not named, and there is no time for the others.
        """
        named = dict(self.at)
        for venue in venues:
            if self.everywhere is None and venue not in named:
                raise ConfigError(f'no latency of {venue}; name it, or write default = "5ms"')
        return np.array([named.get(venue, self.everywhere) for venue in venues], dtype=np.int64)


def is_file(text: str) -> bool:
    """Whether `Latency.read` reads a file: what is no number, or ends in .toml."""
    return text.endswith(".toml") or not re.match(r"[-+.\d]", text)


def _duration(path: Path, venue: str, value: object) -> int:
    try:
        return read_duration(value if isinstance(value, str) else str(value))
    except ConfigError as error:
        raise DataError(
            f"{quoted(venue)}: {error}", file=path, hint=f'write {venue[:40]} = "5ms"'
        ) from error
