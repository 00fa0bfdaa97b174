"""Typed columns of one file: every refusal names the file, the row and a hint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from sor_opt.errors import quoted
from sor_opt.market.loaders.header import Header, stripped
from sor_opt.market.loaders.possible import unmarked
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.times import impossible, why_impossible
from sor_opt.market.tape import BoolArray, FloatArray, IntArray
from sor_opt.market.zones import NO_MOMENT, find_zone, moments

NUMBER = pa.float64()
TEXT = pa.dictionary(pa.int32(), pa.string())
CLOCK = pa.time64("ns")
INSTANT = pa.timestamp("ns", "UTC")
LOCAL = pa.timestamp("ns")
NANOSECONDS = pa.int64()


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as read.

    Attributes
    ----------
    source : Source
    header : Header
    columns : pyarrow.Table
        Under the names that the loader knows.
    rows : int64 ndarray or None
        The file's data row of each row, from 1; None where it is the position plus 1.
    left_out : mapping of str to int
        Rows that were left out, by reason.
    """

    source: Source
    header: Header
    columns: pa.Table
    rows: IntArray | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

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
        return replace(self, columns=self.columns.filter(pa.array(keep)), rows=rows[keep])

    def without(self, rows: BoolArray, reason: str) -> Table:
        """Leave out the rows where `rows`, shape (n,), is true, and count them."""
        if not rows.any():
            return self
        return replace(self.where(~rows), left_out={**self.left_out, reason: int(rows.sum())})

    def with_column(self, name: str, column: pa.Array) -> Table:
        """Put a column in the place of the one of that name."""
        position = self.columns.column_names.index(name)
        return replace(self, columns=self.columns.set_column(position, name, column))

    def numbers(self, name: str) -> FloatArray:
        """Give a column of numbers, float64, NaN where blank.

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
                f"{self.header.shown(name)} is negative ({values[first]:g})",
                row=self.row(first),
                hint="hint the row, or leave the number blank",
            )
        return values

    def sizes(self, name: str) -> FloatArray:
        """Give a column of sizes, as `numbers`; infinite where a mark stands for none."""
        return unmarked(self.numbers(name))

    def texts(self, name: str) -> tuple[IntArray, list[str]]:
        """Give a column of texts as indices, shape (n,), and the texts that occur ("" if blank).

        Blanks around a text are no part of it.
        """
        column = self.columns[name].cast(TEXT).combine_chunks()
        written = [*(stripped(text or "") for text in column.dictionary.to_pylist()), ""]
        indices = column.indices.fill_null(len(written) - 1).to_numpy()
        used = np.bincount(indices, minlength=len(written)) > 0
        texts = list(dict.fromkeys(t for t, kept in zip(written, used, strict=True) if kept))
        places = {text: place for place, text in enumerate(texts)}
        recode = np.array([places.get(text, -1) for text in written], dtype=np.int64)
        return recode.take(indices), texts

    def one_symbol(self, name: str, symbol: str | None) -> Table:
        """Keep one symbol's rows.

        Raises
        ------
        DataError
            If there are several and `symbol` is None, or if `symbol` is not among them.
        """
        indices, found = self.texts(name)
        listed = quoted(", ".join(sorted(found)))
        if symbol is None and len(found) > 1:
            raise self.source.error(f"holds {len(found)} symbols", hint=f"--symbol one of {listed}")
        if symbol is None:
            return self
        if symbol not in found:
            raise self.source.error(f"has no symbol {quoted(symbol)}", hint=f"it holds {listed}")
        return self.without(indices != found.index(symbol), "rows of other symbols")

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
                f"unknown venue {quoted(codes[indices[first]])} in {self.header.shown(name)}",
                row=self.row(first),
                hint=f"known: {' '.join(known)}" if known else "name the venue",
            )
        venues = [known[code] if known else code for code in codes]
        names = sorted(set(venues))
        recode = np.array([names.index(venue) for venue in venues], dtype=np.int64)
        return recode.take(indices), names

    def present(self, name: str, hint: str) -> pa.ChunkedArray:
        """Give a column without blanks.

        Raises
        ------
        DataError
            If a row is blank.
        """
        column = self.columns[name]
        if column.null_count:
            first = int(np.flatnonzero(column.is_null().to_numpy())[0])
            raise self.source.error(
                f"{self.header.shown(name)} is blank", row=self.row(first), hint=hint
            )
        return column

    def instants(self, name: str, timezone: str | None) -> IntArray:
        """Give a column of times, int64 ns UTC, shape (n,).

        Parameters
        ----------
        name : str
        timezone : str or None
            The zone of times without an offset.

        Raises
        ------
        DataError
            If a time is blank, cannot be, has no offset and `timezone` is None, or is not one
            moment of that zone; or if times run backwards.
        """
        column = self.present(name, "every row needs its time")
        ts: IntArray = column.cast(NANOSECONDS).to_numpy()
        if column.type == LOCAL:
            ts = self._moments(name, ts, timezone)
        wrong = np.flatnonzero(impossible(ts))
        if wrong.size:
            first = int(wrong[0])
            problem, hint = why_impossible(int(ts[first]))
            raise self.source.error(
                f"{self.header.shown(name)} {problem}", row=self.row(first), hint=hint
            )
        return self.rising(ts)

    def _moments(self, name: str, local: IntArray, timezone: str | None) -> IntArray:
        if timezone is None:
            raise self.source.error(
                f"{self.header.shown(name)} holds times without their offset from UTC",
                hint="give their zone with --timezone",
            )
        ts = moments(local, find_zone(timezone))
        skipped = np.flatnonzero(ts == NO_MOMENT)
        if skipped.size:
            first = int(skipped[0])
            raise self.source.error(
                f"{self.header.shown(name)} {np.datetime64(int(local[first]), 'ns')} is not one "
                f"moment in {timezone}, where clocks were changed",
                row=self.row(first),
                hint="write it with its offset from UTC",
            )
        return ts

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
                hint="sort the rows by time",
            )
        return ts


def _names_venue(code: str, known: Mapping[str, str] | None) -> bool:
    return bool(code) and code.isprintable() and (known is None or code in known)


def filled(source: Source, header: Header, columns: pa.Table) -> Table:
    """Make the table of a file that has rows.

    Raises
    ------
    DataError
        If it has none.
    """
    if not columns.num_rows:
        raise source.error("the file has a header and no rows", hint="give a file with rows")
    return Table(source, header, columns)
