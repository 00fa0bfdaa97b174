"""Times that can be: from 1993, when the first tapes were sold, to the end of tomorrow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np

from sor_opt.market.tape import SECOND, BoolArray, IntArray

FIRST_DAY = date(1993, 1, 1)

_DAY = 24 * 3600 * SECOND
_EPOCH = date(1970, 1, 1)

UNITS = {
    "seconds": (SECOND, _EPOCH),
    "milliseconds": (10**6, _EPOCH),
    "microseconds": (10**3, _EPOCH),
    "a Windows FILETIME": (100, date(1601, 1, 1)),
    ".NET ticks": (100, date(1, 1, 1)),
}
"""Nanoseconds of one, and the day from which they count: integers that are often taken for
nanoseconds since 1970. No integer means a possible time in two of them, or in nanoseconds too."""


def today() -> date:
    """The day by this machine's clock, UTC."""
    return datetime.now(UTC).date()


def tomorrow() -> date:
    """The last day that data may be of: where the sun rises first it is tomorrow already."""
    return today() + timedelta(days=1)


def impossible(ts: IntArray) -> BoolArray:
    """Tell which times (int64 ns UTC, shape (n,)) cannot be (bool, shape (n,))."""
    first, end = _bounds()
    return (ts < first) | (ts >= end)


def why_impossible(ts: int) -> tuple[str, str | None]:
    """Say what is wrong with a time that is `impossible`, and what to do about it."""
    for unit, (nanoseconds, epoch) in UNITS.items():
        meant = ts * nanoseconds + _since_1970(epoch)
        if _bounds()[0] <= meant < _bounds()[1]:
            day = _EPOCH + timedelta(days=meant // _DAY)
            return (
                f"{ts} is not in nanoseconds since 1970",
                f"it would be {day} as {unit}: convert to nanoseconds since 1970",
            )
    moment = np.datetime64(ts, "ns")
    return f"{ts} ({moment} UTC) is not from {FIRST_DAY} to {tomorrow()}", None


def _bounds() -> tuple[int, int]:
    return _since_1970(FIRST_DAY), _since_1970(tomorrow()) + _DAY


def _since_1970(day: date) -> int:
    return (day - _EPOCH).days * _DAY
