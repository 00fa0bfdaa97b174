"""Frames to files, by the ending of the name."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from sor_opt.errors import ConfigError
from sor_opt.files import write_atomically


def _with_iso_times(frame: pd.DataFrame) -> pd.DataFrame:
    """Times as ISO 8601 to the nanosecond, which no strftime format can tell."""
    iso = partial(pd.Timestamp.isoformat, timespec="nanoseconds")
    frame = frame.copy()
    for name in frame.select_dtypes(["datetime", "datetimetz"]):
        frame[name] = frame[name].map(iso, na_action="ignore")
    return frame


def _csv(frame: pd.DataFrame) -> bytes:
    return _with_iso_times(frame).to_csv(index=False).encode()


def _json(frame: pd.DataFrame) -> bytes:
    """Every digit of a number, of which pandas writes fifteen decimals; null for NaN."""
    known = _with_iso_times(frame).astype(object)
    rows = known.where(known.notna(), None).to_dict("records")
    return json.dumps(rows, indent=2, allow_nan=False).encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


_WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
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
        If the ending is unknown or the place is of no use.
    OutputError
        If the system cannot write the file.
    """
    check_suffix(path)
    write_atomically(path, _WRITERS[path.suffix](frame))
