"""Parquet read by Arrow, and what Arrow does not look at checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
from pyarrow import parquet as pq

from sor_opt.errors import quoted
from sor_opt.market.loaders.header import Header, Types
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.table import LOCAL, TEXT, Table, filled

MAGIC = b"PAR1"


class ParquetSource:
    """A Parquet file whose footer is read and whose columns are not.

    Parameters
    ----------
    source : Source
    known : mapping of str to str
        As for `Header.of`.

    Raises
    ------
    DataError
        If it is truncated.
    """

    def __init__(self, source: Source, known: Mapping[str, str]) -> None:
        self._source = source
        with self._readable():
            self._file = pq.ParquetFile(
                pa.BufferReader(source.data), page_checksum_verification=True
            )
            self._schema = self._file.schema_arrow
            self.header = Header.of(self._schema.names, known)

    @property
    def contents(self) -> str:
        """What the footer says that the file holds."""
        return contents(self._file.metadata.num_rows, self.header.written)

    def metadata(self, key: bytes) -> set[str]:
        """Give the texts under a key: Arrow writes it twice, so two of them tell of damage."""
        both = (self._schema.metadata, self._file.metadata.metadata)
        texts = (held[key] for held in both if held and key in held)
        return {text.decode(errors="replace") for text in texts}

    def zone(self, name: str) -> str | None:
        """Give the time zone of the type of a column, where it has one."""
        if name not in self.header:
            return None
        with self._readable():
            return getattr(self._schema.field(self.header.names.index(name)).type, "tz", None)

    def read(self, types: Types) -> Table:
        """Read the named columns.

        Raises
        ------
        DataError
            If it is truncated, a column is missing or of the wrong kind, or there are no rows.
        ConfigError
            If the columns would take more memory than the source allows.
        """
        self.header.require(self._source, types)
        self._source.check_room(self._file.metadata.num_rows, len(types))
        with self._readable():
            columns = self._file.read([self.header.as_written(name) for name in types])
            columns.validate(full=True)
            read = {
                name: self._as(columns[self.header.as_written(name)], name, type_)
                for name, type_ in types.items()
            }
        return filled(self._source, self.header, pa.table(read))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise self._source.error(
                f"the Parquet data is damaged ({quoted(str(error))})", hint="fetch the file again"
            ) from error

    def _as(self, column: pa.ChunkedArray, name: str, wanted: pa.DataType) -> pa.ChunkedArray:
        try:
            if wanted == TEXT and column.type != TEXT:
                return _encoded(column)
            if pa.types.is_timestamp(wanted) and pa.types.is_timestamp(column.type):
                wanted = wanted if column.type.tz else LOCAL
            return column.cast(wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise self._source.error(
                f"column {self.header.shown(name)} is not of type {wanted} ({quoted(str(error))})",
                hint="write it in another type",
            ) from None


def contents(rows: int, names: Iterable[str]) -> str:
    """Write in a line what a file holds, to be held against its footer, which has no checksum."""
    return f"{rows} rows of {', '.join(names)}"


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give texts of any type of Arrow's, or integers, as `TEXT`."""
    if pa.types.is_dictionary(column.type):
        if column.type.value_type == pa.string():
            return column.cast(TEXT)
        column = pa.chunked_array(
            [chunk.dictionary_decode() for chunk in column.chunks], column.type.value_type
        )
    if not (_is_text(column.type) or pa.types.is_integer(column.type)):
        raise pa.ArrowInvalid(f"it holds {column.type}")
    return column.cast(pa.string()).dictionary_encode().cast(TEXT)


def _is_text(type_: pa.DataType) -> bool:
    """Whether a column can hold texts; pandas 2 writes one without any as nulls."""
    types = pa.types
    kinds = types.is_string, types.is_large_string, types.is_string_view, types.is_null
    return any(is_kind(type_) for is_kind in kinds)
