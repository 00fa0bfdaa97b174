"""Frames to files, by the ending of the name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from sor_opt.errors import ConfigError
from sor_opt.files import whole


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Times as ISO 8601 to the nanosecond, which no strftime format can tell."""
    iso = partial(pd.Timestamp.isoformat, timespec="nanoseconds")
    frame = frame.copy()
    for name in frame.select_dtypes(["datetime", "datetimetz"]):
        frame[name] = frame[name].map(iso, na_action="ignore")
    frame.to_csv(path, index=False)


def _write_json(frame: pd.DataFrame, path: Path) -> None:
    frame.to_json(
        path, orient="records", date_format="iso", date_unit="ns", double_precision=15, indent=2
    )


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".json": _write_json,
    ".parquet": _write_parquet,
}


def check_suffix(path: Path | None) -> None:
    """Refuse a name that no writer knows, before the work and not after it.

    Raises
    ------
    ConfigError
    """
    if path is not None and path.suffix not in _WRITERS:
        raise ConfigError(f"{path}: unknown ending; use one of {', '.join(_WRITERS)}")


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame whole or not at all.

    Raises
    ------
    ConfigError
        If the ending is unknown or the place cannot be written.
    """
    check_suffix(path)
    with whole(path) as temporary:
        _WRITERS[path.suffix](frame, temporary)
