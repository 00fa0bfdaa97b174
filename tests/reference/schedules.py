"""How many shares each schedule says are due."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from reference.book import DUST
from reference.prints import Printed
from sor_opt.market.tape import SECOND, Tape
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.pov import Pov
from sor_opt.policies.schedules.twap import Twap
from sor_opt.policies.schedules.vwap import VolumeCurve, Vwap


@dataclass(frozen=True)
class Clock:
    """A parent order's times; nanoseconds UTC.

    Attributes
    ----------
    size : float
        Shares.
    midnight, start, end, deadline : int
        `end` is that of the horizon.
    slice_length : int
    tape : Tape
    printed : Printed
    feed : list of int, length K
        By how much later what happens at a venue is known.
    """

    size: float
    midnight: int
    start: int
    end: int
    deadline: int
    slice_length: int
    tape: Tape
    printed: Printed
    feed: list[int]

    @property
    def slices(self) -> int:
        """Slices of the horizon; the last may be shorter."""
        return -(-(self.end - self.start) // self.slice_length)

    @cached_property
    def usual(self) -> VolumeCurve:
        """The volume per local minute of the tape's days before the order's."""
        per_minute = [0.0] * (24 * 60)
        for row in self.printed.rows:
            if row.ts < self.midnight:
                local = datetime.fromtimestamp(row.ts // SECOND, self.tape.zone)
                per_minute[60 * local.hour + local.minute] += row.size
        times = np.arange(len(per_minute) + 1, dtype=np.int64) * 60 * SECOND
        return VolumeCurve(times, np.array([0.0, *accumulate(per_minute)]))

    @cached_property
    def _heard(self) -> tuple[list[int], list[float]]:
        """When prints from after the start are known, and how many shares are then."""
        later = (row for row in self.printed.rows if self.start < row.ts <= self.deadline)
        heard = sorted(
            ((row.ts + self.feed[row.venue], row.size) for row in later), key=itemgetter(0)
        )
        return [ts for ts, _ in heard], [0.0, *accumulate(size for _, size in heard)]

    def volume(self, now: int) -> float:
        """Shares printed after the start that are known by now."""
        times, shares = self._heard
        return shares[bisect_right(times, now)]

    def slice_at(self, now: int) -> int:
        """The slice of a time, from 0."""
        return (now - self.start) // self.slice_length

    def slice_end(self, number: int) -> int:
        """When a slice ends."""
        return min(self.start + (number + 1) * self.slice_length, self.end)

    def moments(self, quoted: list[int]) -> list[int]:
        """When something may be decided, given the times of later quotes."""
        moments = {self.start, self.end, *quoted}
        moments.update(range(self.start, self.end, self.slice_length))
        return sorted(ts for ts in moments if ts <= self.deadline)


def due(schedule: Schedule, clock: Clock, now: int) -> float:
    """Shares that should have been bought by a time before the horizon's end."""
    return DUE[type(schedule)](schedule, clock, now)


def _all(_schedule: Now, clock: Clock, _now: int) -> float:
    return clock.size


def _evenly(_schedule: Twap, clock: Clock, now: int) -> float:
    passed = clock.slice_at(now) + 1
    return clock.size if passed == clock.slices else clock.size * passed // clock.slices


def _by_curve(schedule: Vwap, clock: Clock, now: int) -> float:
    curve = _read_curve(schedule.curve) if schedule.curve else clock.usual
    number = clock.slice_at(now)
    if number + 1 == clock.slices:
        return clock.size
    ends = clock.slice_end(number)
    share = curve.share(*(at - clock.midnight for at in (clock.start, ends, clock.end)))
    return _whole_part(clock.size, clock.size * share)


@lru_cache
def _read_curve(path: Path) -> VolumeCurve:
    return VolumeCurve.read(path)


def _by_volume(schedule: Pov, clock: Clock, now: int) -> float:
    return _whole_part(clock.size, schedule.rate * clock.volume(now))


def _front_loaded(schedule: AlmgrenChriss, clock: Clock, now: int) -> float:
    number, kappa = clock.slice_at(now), schedule.urgency
    if number + 1 == clock.slices:
        return clock.size
    passed = (clock.slice_end(number) - clock.start) / (clock.end - clock.start)
    left = math.sinh(kappa * (1 - passed)) / math.sinh(kappa) if kappa > 0 else 1 - passed
    return _whole_part(clock.size, clock.size * (1 - left))


def _whole_part(size: float, shares: float) -> float:
    """Whole shares, of which a billionth may be missing."""
    return size if shares >= size else float(math.floor(shares * (1 + DUST)))


DUE: dict[type[Schedule], Callable[[Any, Clock, int], float]] = {
    Now: _all,
    Twap: _evenly,
    Vwap: _by_curve,
    Pov: _by_volume,
    AlmgrenChriss: _front_loaded,
}
