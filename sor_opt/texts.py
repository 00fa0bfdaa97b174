"""Reading small text files, TOML and JSON: whatever they hold, an error is one short line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sor_opt.errors import DataError, quoted

MAX_BYTES = 10_000_000
"""The largest file of this kind: 100,000 outflow scenarios of twelve venues take about as much."""

_DEEPEST = 32
_LONGEST = 2**63
"""Bounds of nesting and of whole numbers: nothing beyond them means anything here."""

_CHAIN = re.compile(r"""(?:\.[ \t]*(?:[\w-]+|"[^"]*"|'[^']*')[ \t]*){32}\.""")
"""Keys with dots between them: `tomllib` takes minutes for some ten thousand."""

_LONGEST_REASON = 160
"""Characters of what a parser says, which may quote the file."""


def read_text(path: Path | str, kinds: str) -> str:
    """Read a file of text, without its byte order mark.

    Parameters
    ----------
    path : path
    kinds : str
        What to give instead, for the message: ``"a TOML file of fees"``.

    Raises
    ------
    DataError
        If it cannot be read, is no text, or is larger than `MAX_BYTES`.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            reason = f"is larger than {MAX_BYTES:,} bytes"
            raise DataError(reason, file=path, hint=f"give {kinds}")
        return raw.decode("utf-8-sig")
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise DataError(reason, file=path, hint=f"give {kinds}") from error
    except UnicodeDecodeError as error:
        reason = "cannot be read: it is not text"
        raise DataError(reason, file=path, hint=f"give {kinds}") from error


def parse_toml(text: str, file: object) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    DataError
        If it is not TOML, is nested more than 32 deep, or holds a whole number beyond 64 bits.
    """
    for line in text.splitlines():
        if _CHAIN.search(line):
            raise DataError("is nested too deeply", file=file)
    return _parse(tomllib.loads, "TOML", text, file)


def parse_json(text: str, file: object) -> dict[str, Any]:
    """Parse a JSON object; a key that repeats is an error, as in TOML.

    Raises
    ------
    DataError
        As `parse_toml`, or if it is no object.
    """
    return _parse(lambda text: json.loads(text, object_pairs_hook=_unique), "JSON", text, file)


def _parse(loads: Callable[[str], Any], kind: str, text: str, file: object) -> dict[str, Any]:
    try:
        tables = loads(text)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, _RepeatedError) as error:
        raise DataError(f"is not {kind}: {_short(error)}", file=file) from error
    except RecursionError as error:
        raise DataError("is nested too deeply", file=file) from error
    except ValueError as error:  # thousands of digits are more than Python reads
        raise DataError("holds a whole number that is too long", file=file) from error
    if not isinstance(tables, dict):
        raise DataError(f"must be a {kind} table of keys, got {quoted(tables)}", file=file)
    _check(tables, file)
    return tables


def _check(tables: dict[str, Any], file: object) -> None:
    """Refuse what no later message could quote."""
    waiting: list[tuple[Any, int]] = [(tables, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, (dict, list)):
            if depth > _DEEPEST:
                raise DataError("is nested too deeply", file=file)
            inside = value.values() if isinstance(value, dict) else value
            waiting += [(item, depth + 1) for item in inside]
        elif isinstance(value, int) and abs(value) >= _LONGEST:
            raise DataError("holds a whole number that is too long", file=file)


class _RepeatedError(ValueError):
    """A key of a JSON object that is there twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise _RepeatedError(f"the key {quoted(name)} repeats")
        table[name] = value
    return table


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON]
