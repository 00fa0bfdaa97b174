"""Durations in words: 9m, 500ms."""

from __future__ import annotations

import re

from sor_opt.errors import ConfigError, quoted

_NANOSECONDS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_LONGEST_DAYS = 366


def read_duration(text: str) -> int:
    """Read `9m`, `2s` or `500ms` as nanoseconds.

    Raises
    ------
    ConfigError
        If it is none, or longer than a year.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h)", text.strip())
    if not match:
        raise ConfigError(f"{quoted(text)} is no duration; write 500ms, 2s, 9m or 1h")
    nanoseconds = float(match[1]) * _NANOSECONDS[match[2]]
    if nanoseconds > _LONGEST_DAYS * 24 * _NANOSECONDS["h"]:
        raise ConfigError(f"{quoted(text)} is longer than {_LONGEST_DAYS} days")
    return round(nanoseconds)


def write_duration(nanoseconds: int) -> str:
    """Write nanoseconds as `read_duration` reads them, in the largest unit that takes them whole.

    Examples
    --------
    >>> write_duration(read_duration("90s"))
    '90s'
    """
    for unit, size in _NANOSECONDS.items():
        if nanoseconds >= size and nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return "0s"
