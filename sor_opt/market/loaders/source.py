"""A file's content: decompressed, bounded, and held where no thread of Arrow's needs Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sor_opt.errors import ConfigError, DataError

HEAD = 4096
"""Bytes of decompressed content that a loader sees to recognise its format."""

MAX_BYTES = 4 * 10**9
"""The most that a file may hold, decompressed, unless the caller says otherwise; and the most that
the columns made of it may take, 8 bytes a cell."""

CODECS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""Arrow's name of each compression, by the bytes that a file of it starts with."""

_CHUNK = 2**20
_KEPT = 2**28
"""Content up to this is decompressed once; beyond it, it is counted to its end before any of it is
kept, so that a small file of unlimited content costs time but no memory."""


@dataclass(frozen=True, eq=False)
class Source:
    """A file's decompressed content and where it came from.

    Attributes
    ----------
    path : Path
    data : pyarrow.Buffer
        In Arrow's own memory. A Python object must not stand behind it: Arrow's threads may drop
        the last reference after an error, and one that does so while Python exits aborts it.
    max_bytes : int
        The most that the content, and the columns made of it, may take.
    """

    path: Path
    data: pa.Buffer
    max_bytes: int = MAX_BYTES

    @classmethod
    def open(cls, path: Path | str, max_bytes: int = MAX_BYTES) -> Source:
        """Read a file; gzip and zstd are recognised by content and decompressed.

        Raises
        ------
        DataError
            If the file is missing, a directory, unreadable, empty, or its compression is damaged.
        ConfigError
            If it holds more than `max_bytes`.
        """
        path = Path(path)
        if path.is_dir():
            raise DataError("is a directory", file=path, hint="give a data file")
        try:
            raw = _read(path, max_bytes)
        except FileNotFoundError:
            raise DataError("no such file", file=path, hint="check the path") from None
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=path) from error
        source = cls(path, _decompressed(raw, path, max_bytes), max_bytes)
        if not source.head.strip():
            raise source.error("the file is empty", hint="give a file with a header and rows")
        return source

    @property
    def head(self) -> bytes:
        """The first few KB of the content."""
        return bytes(self.data[:HEAD].to_pybytes())

    @property
    def lines(self) -> int:
        """The line ends of the content."""
        content = np.frombuffer(self.data, dtype=np.uint8)
        parts = range(0, len(content), _KEPT)
        return sum(int((content[part : part + _KEPT] == ord("\n")).sum()) for part in parts)

    def check_room(self, rows: int, columns: int) -> None:
        """Refuse columns that would take more than `max_bytes`, 8 bytes a cell.

        Raises
        ------
        ConfigError
        """
        if 8 * rows * columns > self.max_bytes:
            what = f"{rows:,} rows of {columns} columns, "
            raise _too_large(self.path, what, self.max_bytes)

    def error(self, problem: str, *, row: int | None = None, hint: str | None = None) -> DataError:
        """Make the error that names this file."""
        return DataError(problem, file=self.path, row=row, hint=hint)


def _too_large(path: Path, what: str, max_bytes: int) -> ConfigError:
    text = f"{path} holds {what}more than {max_bytes:,} bytes; --max-bytes raises the limit"
    return ConfigError(text)


def _read(path: Path, max_bytes: int) -> pa.Buffer:
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > max_bytes:
            raise _too_large(path, "", max_bytes)
        if size:
            return pa.OSFile(os.fsencode(path)).read_buffer(size)
        return _joined(_chunks(stream.read), path, max_bytes, max_bytes)  # a pipe or a device


def _decompressed(raw: pa.Buffer, path: Path, max_bytes: int) -> pa.Buffer:
    magic = raw[:4].to_pybytes()
    codec = next((name for start, name in CODECS.items() if magic.startswith(start)), None)
    if codec is None:
        return raw

    def content(most_kept: int) -> pa.Buffer | None:
        stream = pa.CompressedInputStream(pa.BufferReader(raw), codec)
        return _joined(_chunks(stream.read), path, max_bytes, most_kept)

    try:
        small = content(_KEPT)
        return small if small is not None else content(max_bytes)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"the {codec} data is damaged ({error})", file=path, hint="fetch the file again"
        ) from error


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(lambda: read(_CHUNK), b"")


def _joined(
    chunks: Iterator[bytes], path: Path, max_bytes: int, most_kept: int
) -> pa.Buffer | None:
    """Join chunks, or only count them from `most_kept` bytes on, and then give None."""
    sink, total = pa.BufferOutputStream(), 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise _too_large(path, "", max_bytes)
        if total <= most_kept:
            sink.write(chunk)
    return sink.getvalue() if total <= most_kept else None
