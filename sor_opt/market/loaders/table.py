"""Typed columns of one file: every refusal names the file, the row and the mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

from sor_opt.market.loaders.base import Source, first_rows, header
from sor_opt.market.tape import BoolArray, FloatArray, IntArray

NUMBER = pa.float64()
TEXT = pa.dictionary(pa.int32(), pa.string())
CLOCK = pa.time64("ns")
INSTANT = pa.timestamp("ns", "UTC")
NANOSECONDS = pa.int64()

EARLIEST = 10**17
"""Nanoseconds; a smaller time (before March 1973) is in another unit."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as read.

    Attributes
    ----------
    source : Source
    columns : pyarrow.Table
    rows : int64 ndarray or None
        The file's data row of each row, from 1; None where it is the position plus 1.
    """

    source: Source
    columns: pa.Table
    rows: IntArray | None = None

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def row(self, position: int) -> int:
        """Give the file's data row of a position."""
        return int(self.rows[position]) if self.rows is not None else position + 1

    def has(self, name: str) -> bool:
        """Whether the column was read."""
        return name in self.columns.column_names

    def where(self, keep: BoolArray) -> Table:
        """Keep the rows where `keep`, shape (n,), is true."""
        if keep.all():
            return self
        rows = np.arange(1, len(self) + 1) if self.rows is None else self.rows
        return Table(self.source, self.columns.filter(pa.array(keep)), rows[keep])

    def numbers(self, name: str) -> FloatArray:
        """Give a column of prices or sizes, float64, NaN where blank.

        Raises
        ------
        DataError
            If a number is negative.
        """
        values: FloatArray = self.columns[name].to_numpy()
        negative = np.flatnonzero(values < 0)
        if negative.size:
            first = int(negative[0])
            raise self.source.error(
                f"{name} is negative ({values[first]:g})",
                row=self.row(first),
                mend="mend the row, or leave the number blank",
            )
        return values

    def texts(self, name: str) -> tuple[IntArray, list[str]]:
        """Give a column of texts as indices, shape (n,), and the texts that occur ("" if blank)."""
        column = self.columns[name].cast(TEXT).combine_chunks()
        texts = [*column.dictionary.to_pylist(), ""]
        indices = column.indices.fill_null(len(texts) - 1).to_numpy()
        used = np.bincount(indices, minlength=len(texts)) > 0
        recode = np.cumsum(used, dtype=np.int64) - 1
        return recode.take(indices), [text for text, kept in zip(texts, used, strict=True) if kept]

    def one_symbol(self, name: str, symbol: str | None) -> Table:
        """Keep one symbol's rows.

        Raises
        ------
        DataError
            If there are several and `symbol` is None, or if `symbol` is not among them.
        """
        indices, found = self.texts(name)
        listed = ", ".join(sorted(found)[:10]) + (", .." if len(found) > 10 else "")
        if symbol is None and len(found) > 1:
            raise self.source.error(f"holds {len(found)} symbols", mend=f"--symbol one of {listed}")
        if symbol is None:
            return self
        if symbol not in found:
            raise self.source.error(f"has no symbol {symbol!r}", mend=f"it holds {listed}")
        return self.where(indices == found.index(symbol))

    def venues(self, name: str, known: Mapping[str, str] | None) -> tuple[IntArray, list[str]]:
        """Give venue indices, shape (n,), and the sorted venue names that occur.

        Parameters
        ----------
        name : str
            The column.
        known : mapping of str to str, or None
            The venue of each code; None takes any text for a venue's name.

        Raises
        ------
        DataError
            If a code is blank, unknown, or holds characters that cannot be printed.
        """
        indices, codes = self.texts(name)
        unknown = [i for i, code in enumerate(codes) if not _names_venue(code, known)]
        if unknown:
            first = int(np.flatnonzero(np.isin(indices, unknown))[0])
            raise self.source.error(
                f"unknown venue {codes[indices[first]]!r} in {name}",
                row=self.row(first),
                mend=f"known: {' '.join(known)}" if known else "name the venue",
            )
        venues = [known[code] if known else code for code in codes]
        names = sorted(set(venues))
        recode = np.array([names.index(venue) for venue in venues], dtype=np.int64)
        return recode.take(indices), names

    def present(self, name: str, mend: str) -> pa.Array:
        """Give a column without blanks.

        Raises
        ------
        DataError
            If a row is blank.
        """
        column = self.columns[name]
        if column.null_count:
            first = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise self.source.error(f"{name} is blank", row=self.row(first), mend=mend)
        return column

    def instants(self, name: str) -> IntArray:
        """Give a column of times, int64 ns UTC, shape (n,), checked by `rising`."""
        column = self.present(name, "every row needs its time")
        ts: IntArray = column.cast(pa.int64()).to_numpy()
        small = np.flatnonzero(ts < EARLIEST)
        if small.size:
            first = int(small[0])
            raise self.source.error(
                f"{name} {ts[first]} is not in nanoseconds since 1970",
                row=self.row(first),
                mend="multiply, or write ISO 8601 with the offset from UTC",
            )
        return self.rising(ts)

    def rising(self, ts: IntArray) -> IntArray:
        """Pass times on.

        Raises
        ------
        DataError
            If they run backwards.
        """
        backwards = np.flatnonzero(ts[1:] < ts[:-1])
        if backwards.size:
            raise self.source.error(
                "time runs backwards",
                row=self.row(int(backwards[0]) + 1),
                mend="sort the rows by time",
            )
        return ts


def _names_venue(code: str, known: Mapping[str, str] | None) -> bool:
    return bool(code) and code.isprintable() and (known is None or code in known)


def read_csv(source: Source, types: Mapping[str, pa.DataType]) -> Table:
    """Read the named columns of a CSV.

    Raises
    ------
    DataError
        If a column is missing, there are no rows, or a cell or row cannot be read.
    """
    require(source, header(source.head), types)
    try:
        columns = _parse(source, types, threads=True)
    except pa.ArrowInvalid as error:
        raise _explain(source, types, error) from None
    return _filled(source, columns)


def closest(names: Sequence[str], *candidates: dict[str, pa.DataType]) -> dict[str, pa.DataType]:
    """Choose the columns that a file has most of."""
    return max(candidates, key=lambda columns: len(columns.keys() & {*names}))


def require(source: Source, names: list[str], needed: Mapping[str, Any]) -> None:
    """Refuse a file that lacks a column, or has it twice.

    Raises
    ------
    DataError
        If a needed name is not among `names`, or more than once.
    """
    missing = [name for name in needed if name not in names]
    if missing:
        raise source.error(
            f"missing column {', '.join(missing)}", mend=f"the file has {', '.join(names)}"
        )
    repeated = [name for name in needed if names.count(name) > 1]
    if repeated:
        raise source.error(f"several columns are called {repeated[0]}", mend="keep one of them")


def parquet_header(source: Source) -> list[str]:
    """Column names of a Parquet file.

    Raises
    ------
    DataError
        If it is not whole.
    """
    return [str(name) for name in _parquet(source, pq.read_schema).names]


def read_parquet(source: Source, types: Mapping[str, pa.DataType]) -> Table:
    """Read the named columns of a Parquet file.

    Raises
    ------
    DataError
        If it is not whole, a column is missing or of the wrong kind, or there are no rows.
    """
    columns = _parquet(source, pq.read_table)
    require(source, columns.column_names, types)
    for position, name in enumerate(columns.column_names):
        if name in types:
            columns = columns.set_column(position, name, _as(source, columns, name, types[name]))
    return _filled(source, columns)


def _parquet(source: Source, read: Callable[[pa.NativeFile], Any]) -> Any:
    try:
        return read(pa.BufferReader(source.data))
    except (pa.ArrowException, OSError) as error:
        raise source.error(f"the Parquet data is damaged ({error})") from error


def _as(source: Source, columns: pa.Table, name: str, wanted: pa.DataType) -> pa.ChunkedArray:
    column = columns[name]
    try:
        if pa.types.is_timestamp(wanted) and not getattr(column.type, "tz", "UTC"):
            raise pa.ArrowInvalid("times without their offset from UTC")
        return column.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise source.error(f"column {name} is not of type {wanted} ({error})") from None


def instant_type(source: Source, name: str) -> pa.DataType:
    """Tell the type of a CSV's column of times: integer nanoseconds, or ISO 8601 with an offset.

    The first value that is not blank tells; a missing column is left for `read_csv` to refuse.
    """
    names = header(source.head)
    if name not in names:
        return INSTANT
    position = names.index(name)
    rows = islice(first_rows(source.head), 1, None)
    values = (row[position].strip() for row in rows if len(row) > position)
    return NANOSECONDS if next(filter(None, values), "").isdecimal() else INSTANT


def _filled(source: Source, columns: pa.Table) -> Table:
    if not columns.num_rows:
        raise source.error("the file has a header and no rows", mend="give a file with rows")
    return Table(source, columns)


def _parse(source: Source, types: Mapping[str, pa.DataType], *, threads: bool) -> pa.Table:
    convert = csv.ConvertOptions(column_types=dict(types), include_columns=list(types))
    return csv.read_csv(
        pa.BufferReader(source.data),
        read_options=csv.ReadOptions(use_threads=threads),
        convert_options=convert,
    )


def _explain(source: Source, types: Mapping[str, pa.DataType], error: Exception) -> Exception:
    """Read again on one thread, where Arrow tells the row (its first row is the header)."""
    text = str(error)
    try:
        _parse(source, types, threads=False)
    except pa.ArrowInvalid as again:
        text = str(again)
    number = re.search(r"Row #(\d+)", text)
    row = int(number[1]) - 1 if number else None
    cell = re.search(r"CSV column #(\d+):.*? to (\w+).*?: (.*)", text, re.DOTALL)
    if cell is None:
        return source.error(text.rpartition("Row #")[2].partition(": ")[2] or text, row=row)
    column = header(source.head)[int(cell[1])]
    wanted = {
        "double": "a number",
        "int64": "an integer",
        "time64": "a time of day",
        "string": "text in UTF-8",
    }
    problem = f"{column} is not {wanted.get(cell[2], 'a time with its offset from UTC')}"
    value = re.search(r"'(.*?)'", cell[3])
    return source.error(
        f"{problem} ({value[1]!r})" if value else problem, row=row, mend="mend the cell"
    )
