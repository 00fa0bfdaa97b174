"""The header of a file: its columns as written, and by the names that a loader knows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sor_opt.errors import quoted
from sor_opt.market.loaders.source import Source

Types = Mapping[str, pa.DataType]
"""Columns that are read, by the names that the loader knows, and their types."""

_BLANKS = " \t"


def stripped(text: str) -> str:
    """Leave out the blanks around a name or a cell."""
    return text.strip(_BLANKS)


@dataclass(frozen=True)
class Header:
    """Equally many names of a file's columns.

    Attributes
    ----------
    written : tuple of str
        As in the file.
    names : tuple of str
        As the loader knows them; in small letters where it does not.
    """

    written: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, written: Sequence[str], known: Mapping[str, str]) -> Header:
        """Name the columns; blanks around a name, and its case, do not matter.

        Parameters
        ----------
        written : sequence of str
        known : mapping of str to str
            The loader's name by each way to write it, in small letters; any other name is its own.
        """
        plain = [stripped(name).lower() for name in written]
        return cls(tuple(written), tuple(known.get(name, name) for name in plain))

    @classmethod
    def of_csv(cls, head: bytes, known: Mapping[str, str]) -> Header:
        """Read it from the first few KB of a CSV."""
        return cls.of(next(first_rows(head), []), known)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def as_written(self, name: str) -> str:
        """Give the file's own word for a column."""
        return self.written[self.names.index(name)]

    def shown(self, name: str) -> str:
        """Give the file's own word for a column, for a message."""
        return stripped(self.as_written(name))

    def require(self, source: Source, types: Types) -> None:
        """Refuse a file that lacks a column, or has it twice.

        Raises
        ------
        DataError
        """
        missing = [name for name in types if name not in self]
        if missing:
            has = ", ".join(map(stripped, self.written))
            raise source.error(
                f"missing column {', '.join(missing)}", hint=f"the file has {quoted(has)}"
            )
        repeated = next((name for name in types if self.names.count(name) > 1), None)
        if repeated is not None:
            both = [
                stripped(written)
                for written, name in zip(self.written, self.names, strict=True)
                if name == repeated
            ]
            raise source.error(
                f"several columns are called {repeated}: {quoted(', '.join(both))}",
                hint="keep one of them",
            )

    def closest(self, *candidates: dict[str, pa.DataType]) -> dict[str, pa.DataType]:
        """Choose the columns that the file has most of."""
        return max(candidates, key=lambda columns: len(columns.keys() & {*self.names}))


def first_rows(head: bytes) -> Iterator[list[str]]:
    """Read the rows of a CSV, the header first, from the first few KB of its content.

    Empty lines before the header are passed over, as Arrow does.
    """
    text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
    return csv.reader(io.StringIO(text, newline=""))
