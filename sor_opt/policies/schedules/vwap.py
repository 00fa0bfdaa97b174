"""In step with the volume that is usual at this time of day."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd

from sor_opt.errors import DataError, quoted
from sor_opt.market.tape import SECOND, FloatArray, IntArray
from sor_opt.params import Param
from sor_opt.policies.context import Context
from sor_opt.policies.schedules.base import Schedule, Timing, whole_shares
from sor_opt.policies.view import Progress
from sor_opt.texts import read_text

_MINUTES = 24 * 60
"""Of a day."""


@dataclass(frozen=True, eq=False)
class VolumeCurve:
    """The volume to be expected until some time of the day; between the times it is even.

    Attributes
    ----------
    times : int64 ndarray, shape (n,)
        Nanoseconds from midnight, rising.
    volume : float64 ndarray, shape (n,)
        Shares until then, from 0, never falling.
    """

    times: IntArray
    volume: FloatArray

    def share(self, start: int, now: int, end: int) -> float:
        """Of the volume from `start` to `end`, the part until `now`; NaN where there is none."""
        begun, passed, all_of_it = np.interp((start, now, end), self.times, self.volume)
        return float((passed - begun) / (all_of_it - begun)) if all_of_it > begun else np.nan

    @classmethod
    def read(cls, path: Path) -> VolumeCurve:
        """Read a CSV of two columns, `time` (HH:MM or HH:MM:SS) and `volume` from then on.

        A row's volume is that until the next row's time; the last row's, that of a stretch as long
        as the one before it.

        Raises
        ------
        DataError
            If the file cannot be read, or a row is wrong.
        """
        rows = list(csv.DictReader(io.StringIO(read_text(path, "a CSV file of time and volume"))))
        if len(rows) < 2 or not {"time", "volume"} <= set(rows[0]):
            raise DataError("needs the columns time and volume, and two rows", file=path)
        times: list[int] = []
        volumes: list[float] = []
        for number, row in enumerate(rows, 1):
            try:
                clock, volume = time.fromisoformat(row["time"].strip()), float(row["volume"])
                if clock.tzinfo is not None:
                    raise ValueError
            except (ValueError, TypeError, AttributeError) as error:
                shown = quoted(f"{row['time']},{row['volume']}")
                raise DataError(f"{shown} is no time and volume", file=path, row=number) from error
            seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
            if not 0 <= volume < np.inf or (times and seconds * SECOND <= times[-1]):
                raise DataError("times must rise and volumes be >= 0", file=path, row=number)
            times.append(seconds * SECOND)
            volumes.append(volume)
        ends = [*times, 2 * times[-1] - times[-2]]
        return cls(np.array(ends), np.concatenate([[0.0], np.cumsum(volumes)]))


@dataclass(frozen=True)
class Vwap(Schedule):
    """Volume-weighted: by the end of a slice the share of the volume expected by then.

    The curve is the volume per minute of the tape's earlier days, or a file's; never that of the
    order's own day.

    Parameters
    ----------
    curve : Path, optional
        A file that `VolumeCurve.read` reads; None learns from earlier days.
    """

    name: ClassVar[str] = "vwap"
    timing: ClassVar[Timing] = "slice"

    curve: Annotated[
        Path | None, Param("CSV of time,volume; earlier days of the tape if left out")
    ] = None
    _learned: tuple[tuple[int, VolumeCurve], ...] = field(default=(), repr=False, compare=False)
    """A curve for each day, by its midnight."""

    def prepare(self, context: Context) -> Vwap:
        """Read the curve, or learn each day's from the days before it.

        Raises
        ------
        DataError
            If the file is wrong, or no volume is to be expected during an order.
        """
        curves, slices = self._curves(context), context.slices
        for start, midnight in zip(slices.starts.tolist(), slices.midnights.tolist(), strict=True):
            begin, end = start - midnight, start - midnight + slices.horizon
            if np.isnan(curves[midnight].share(begin, begin, end)):
                order = datetime.fromtimestamp(start / SECOND, context.tape.zone)
                raise DataError(
                    f"tells no volume to expect during the order of {order:%Y-%m-%d %H:%M:%S}, "
                    "which the schedule vwap follows",
                    file=self.curve or context.tape.source,
                    hint="give a curve of those hours"
                    if self.curve
                    else "give trades of earlier days, or --curve FILE (time,volume)",
                )
        return replace(self, _learned=tuple(curves.items()))

    def _curves(self, context: Context) -> dict[int, VolumeCurve]:
        """The curve of each day, by its midnight."""
        days = np.unique(context.slices.midnights).tolist()
        if self.curve is not None:
            return dict.fromkeys(days, VolumeCurve.read(self.curve))
        return {day: _earlier(context, day) for day in days}

    def due(self, view: Progress) -> float:
        """What is due by the end of the present slice, in whole shares."""
        if view.slice + 1 >= view.slices:
            return view.size
        midnight, curve = next(
            (day, curve) for day, curve in reversed(self._learned) if day <= view.start
        )
        start, now, end = (at - midnight for at in (view.start, view.slice_end, view.end))
        return whole_shares(view, view.size * curve.share(start, now, end))


def _earlier(context: Context, midnight: int) -> VolumeCurve:
    """The volume per minute of the days before one."""
    before = context.prints["ts"] < midnight
    ts, shares = context.prints["ts"][before], context.prints["shares"][before]
    local = pd.to_datetime(ts, utc=True).tz_convert(context.tape.zone)
    volumes = np.bincount(60 * local.hour + local.minute, shares, minlength=_MINUTES)
    until = np.concatenate([[0.0], np.cumsum(volumes)])
    return VolumeCurve(np.arange(_MINUTES + 1) * 60 * SECOND, until)
