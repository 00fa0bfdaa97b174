"""Time zones by their IANA names, and local times in them."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sor_opt.errors import ConfigError, quoted

NEW_YORK = "America/New_York"
"""The zone of US exchanges, and of data that names none."""

NO_MOMENT = int(np.iinfo(np.int64).min)
"""Stands for a local time that no clock of the zone showed, or showed twice."""


def find_zone(name: str) -> ZoneInfo:
    """Give the zone of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder of zones
        raise ConfigError(
            f"{quoted(name)} is no time zone; give an IANA name, such as {NEW_YORK}"
        ) from None


def moments(local: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Give the moments at which a zone's clock showed these times.

    Parameters
    ----------
    local : int64 ndarray, shape (n,)
        Nanoseconds from 1970-01-01 00:00 on, by the zone's clock.
    zone : ZoneInfo

    Returns
    -------
    int64 ndarray, shape (n,)
        Nanoseconds UTC; `NO_MOMENT` where the clock skipped a time or showed it twice.
    """
    import pandas as pd

    naive = pd.DatetimeIndex(local.view("datetime64[ns]"))
    return naive.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").as_unit("ns").asi8


def midnight(day: date, zone: ZoneInfo) -> int:
    """Nanoseconds UTC at which the clock of `day` would show 00:00 by the offset of its noon.

    Clocks change in the night of a Sunday, when no exchange is open: noon's offset serves the day.
    """
    noon = datetime.combine(day, time(12), zone)
    return round(noon.timestamp() - 12 * 3600) * 10**9
