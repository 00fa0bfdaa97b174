"""CSV read by Arrow, with refusals that name the row."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv

from sor_opt.errors import DataError, quoted
from sor_opt.market.loaders.header import Header, Types, first_rows, stripped
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.table import CLOCK, INSTANT, LOCAL, NANOSECONDS, Table, filled
from sor_opt.market.tape import SECOND

_QUARTER = 15 * 60 * SECOND
"""Nanoseconds; where a time of an hour alone lies on the clock, whatever its zone."""

_WANTED = {
    "double": "a number",
    "int64": "an integer",
    "string": "text in UTF-8",
    CLOCK: "a time of day",
    INSTANT: "a time with its offset from UTC",
    LOCAL: "a time without an offset, like the first one",
}
"""What a cell should have been, by Arrow's name of the type, or the type."""

_HINTS = {INSTANT: "write the offset, or give the zone of all times with --timezone"}


def read_csv(source: Source, header: Header, types: Types) -> Table:
    """Read the named columns of a CSV.

    Blanks around cells do not matter, nor does an hour of one digit.

    Raises
    ------
    DataError
        If a column is missing, there are no rows, or a cell or row cannot be read.
    ConfigError
        If the columns would take more memory than the source allows.
    """
    header.require(source, types)
    if source.data.size > source.max_bytes / (8 * len(types)):
        source.check_room(source.lines, len(types))
    try:
        columns = _parse(source, header, types)
    except pa.ArrowInvalid:
        columns = _parse_patiently(source, header, types)
    for name, type_ in _times_of(types).items():
        if type_ != CLOCK:
            _check_minutes(source, header, name, columns[name])
    return filled(source, header, columns)


def instant_type(source: Source, header: Header, name: str, *, local: bool) -> pa.DataType:
    """Tell the type of a column of times: integer nanoseconds, or ISO 8601.

    The first value that is not blank tells; a missing column is left for `read_csv` to refuse.

    Parameters
    ----------
    source : Source
    header : Header
    name : str
    local : bool
        Whether times without an offset are of use.
    """
    if name not in header:
        return INSTANT
    position = header.names.index(name)
    rows = islice(first_rows(source.head), 1, None)
    values = (stripped(row[position]) for row in rows if len(row) > position)
    first = next(filter(None, values), "")
    if first.isdecimal():
        return NANOSECONDS
    has_offset = re.search(r"[T ].*[Z+-]", first)
    return LOCAL if local and not has_offset else INSTANT


def _parse(source: Source, header: Header, types: Types, *, threads: bool = True) -> pa.Table:
    written = {header.as_written(name): type_ for name, type_ in types.items()}
    columns = csv.read_csv(
        pa.BufferReader(source.data),
        read_options=csv.ReadOptions(use_threads=threads),
        convert_options=csv.ConvertOptions(column_types=written, include_columns=list(written)),
    )
    return columns.rename_columns(list(types))


def _parse_patiently(source: Source, header: Header, types: Types) -> pa.Table:
    """Read times as text first, which may be written with blanks and short hours."""
    times = _times_of(types)
    plain = {**types, **dict.fromkeys(times, pa.string())}
    try:
        columns = _parse(source, header, plain)
    except pa.ArrowInvalid as error:
        raise _explained(source, header, plain, error) from None
    for name, type_ in times.items():
        read = _times(source, header.shown(name), columns[name].combine_chunks(), type_)
        columns = columns.set_column(columns.column_names.index(name), name, read)
    return columns


def _times(source: Source, shown: str, texts: pa.Array, type_: pa.DataType) -> pa.Array:
    """Read texts as times of a type; blank ones stay blank."""
    trimmed = pc.utf8_trim(texts, " \t")
    known = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    if type_ == CLOCK:
        known = pc.replace_substring_regex(known, r"^(\d):", r"0\1:")

    def read(rows: int) -> pa.Array:
        """Read the first rows."""
        part = known[:rows]
        if type_ == CLOCK:  # Arrow reads no clock times from text
            if not pc.all(pc.match_substring_regex(part, r"^\d\d:\d\d")).as_py():
                raise pa.ArrowInvalid("an hour alone")
            part = pc.binary_join_element_wise("1970-01-01", part, "T").cast(LOCAL)
        return part.cast(type_)

    def fails(rows: int) -> bool:
        try:
            read(rows)
        except pa.ArrowInvalid:
            return True
        return False

    try:
        return read(len(texts))
    except pa.ArrowInvalid:
        row = bisect_left(range(len(texts)), True, key=fails)
    raise source.error(
        f"{shown} is not {_WANTED[type_]} ({quoted(texts[row - 1].as_py())})",
        row=row,
        hint=_HINTS.get(type_, "correct the cell"),
    )


def _times_of(types: Types) -> Types:
    return {name: type_ for name, type_ in types.items() if type_ in (CLOCK, INSTANT, LOCAL)}


def _check_minutes(source: Source, header: Header, name: str, times: pa.ChunkedArray) -> None:
    """Refuse a date or an hour alone, the rest of a damaged time: to Arrow all else is zero."""
    quarter = times.cast(NANOSECONDS).fill_null(1).to_numpy() % _QUARTER == 0
    if not quarter.any():
        return
    texts = _parse(source, header, {name: pa.string()})[name]
    whole = pc.match_substring_regex(texts, r"[T ]\d\d:\d\d").fill_null(True).to_numpy()
    short = np.flatnonzero(quarter & ~whole)
    if short.size:
        row = int(short[0])
        raise source.error(
            f"{header.shown(name)} {quoted(texts[row].as_py())} is no time of hours and minutes",
            row=row + 1,
            hint="correct the cell",
        )


def _explained(source: Source, header: Header, types: Types, error: Exception) -> DataError:
    """Read again on one thread, where Arrow tells the row (its first row is the header)."""
    text = str(error)
    try:
        _parse(source, header, types, threads=False)
    except pa.ArrowInvalid as again:
        text = str(again)
    number = re.search(r"Row #(\d+)", text)
    row = int(number[1]) - 1 if number else None
    cell = re.search(r"CSV column #(\d+):.*? to (\w+).*?: (.*)", text, re.DOTALL)
    if cell is None:
        return _malformed(source, text, row)
    problem = f"{stripped(header.written[int(cell[1])])} is not {_WANTED[cell[2]]}"
    value = re.search(r"'(.*)'", cell[3], re.DOTALL)
    return source.error(
        f"{problem} ({quoted(value[1])})" if value else problem, row=row, hint="correct the cell"
    )


def _malformed(source: Source, text: str, row: int | None) -> DataError:
    """Explain a row that is none."""
    counts = re.search(r"Expected (\d+) columns, got (\d+): (.*)", text, re.DOTALL)
    if counts:
        problem = f"has {counts[2]} columns, expected {counts[1]} ({quoted(counts[3])})"
        return source.error(problem, row=row, hint="hint the row")
    return source.error(f"is no CSV ({quoted(text)})", row=row, hint="correct the file")
