"""What a loader is, and the opened file it is given."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from sor_opt.errors import DataError
from sor_opt.market.tape import Quotes, Tape

HEAD = 4096
"""Bytes of decompressed content that a loader sees to recognise its format."""

CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""Arrow's name of each compression, by the bytes that a file of it starts with."""

_NONE = np.empty(0)
NO_QUOTES = Quotes(_NONE.astype(np.int64), _NONE.astype(np.int64), _NONE, _NONE, _NONE, _NONE)
"""What a file of trades holds of quotes."""


@dataclass(frozen=True)
class Source:
    """A file's decompressed content and where it came from."""

    path: Path
    data: bytes

    @classmethod
    def open(cls, path: Path | str) -> Source:
        """Read a file; gzip and zstd are recognised by content and decompressed.

        Raises
        ------
        DataError
            If the file is missing, a directory, unreadable, empty, or its compression is damaged.
        """
        path = Path(path)
        if path.is_dir():
            raise DataError("is a directory", file=path, mend="give a data file")
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raise DataError("no such file", file=path, mend="check the path") from None
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=path) from error
        source = cls(path, _decompress(raw, path))
        if not source.head.strip():
            raise source.error("the file is empty", mend="give a file with a header and rows")
        return source

    @property
    def head(self) -> bytes:
        """The first few KB of the content."""
        return self.data[:HEAD]

    def error(self, problem: str, *, row: int | None = None, mend: str | None = None) -> DataError:
        """Make the error that names this file."""
        return DataError(problem, file=self.path, row=row, mend=mend)


def _decompress(raw: bytes, path: Path) -> bytes:
    codec = next((name for magic, name in CODECS.items() if raw.startswith(magic)), None)
    if codec is None:
        return raw
    try:
        data: bytes = pa.CompressedInputStream(pa.BufferReader(raw), codec).read()
    except OSError as error:
        raise DataError(
            f"the {codec} data is damaged ({error})", file=path, mend="fetch the file again"
        ) from error
    return data


def header(head: bytes) -> list[str]:
    """Column names of a CSV, from the first few KB of its content."""
    return next(first_rows(head), [])


def first_rows(head: bytes) -> Iterator[list[str]]:
    """Read the rows of a CSV, the header first, from the first few KB of its content.

    Empty lines before the header are passed over, as Arrow does.
    """
    text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
    return csv.reader(io.StringIO(text, newline=""))


class Loader(ABC):
    """Turns files of one format into tapes.

    A new format is one file with a subclass and one row in ``registry.py``; the conformance suite
    in ``tests/market`` then runs over it.

    Attributes
    ----------
    name : str
        What messages call the format.
    signature : frozenset of str
        Columns that tell the format; two of them recognise it, so that a file that lacks one is
        still refused for what it lacks.
    """

    name: ClassVar[str]
    signature: ClassVar[frozenset[str]]

    def recognises(self, head: bytes) -> bool:
        """Whether a file that starts with `head` (decompressed) is of this format."""
        return len(self.signature.intersection(header(head))) >= 2

    @abstractmethod
    def load(self, source: Source, symbol: str | None) -> Tape:
        """Read the quotes, the trades or both that the file holds.

        A file of trades gives a tape without quotes. Blank, NaN and zero numbers are kept: such a
        quote empties its venue.

        Raises
        ------
        DataError
            If a column is missing, a row cannot be read, a price or size is negative, times run
            backwards, a venue is unknown, or several symbols are found and `symbol` is None.
        """
