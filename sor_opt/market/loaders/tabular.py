"""sor_opt's own format, CSV or Parquet, read and written.

Quotes have the columns ts, venue, bid, bid_size, ask, ask_size; trades ts, venue, price, size,
side ("buy", "sell" or blank, the aggressor's). A column symbol may be added, and a column timezone
that names the session's zone in its first row. Times are integer nanoseconds UTC or ISO 8601;
prices are dollars, sizes shares.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from sor_opt.errors import ConfigError, quoted
from sor_opt.files import write_atomically
from sor_opt.market.loaders.base import NO_QUOTES, Example, Loader
from sor_opt.market.loaders.columnar import MAGIC, ParquetSource, contents
from sor_opt.market.loaders.delimited import instant_type, read_csv
from sor_opt.market.loaders.header import Header
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.table import INSTANT, NUMBER, TEXT, Table
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, IntArray, Quotes, Tape, Trades
from sor_opt.market.zones import NEW_YORK, find_zone

TIMEZONE = b"sor_opt.timezone"
CONTENTS = b"sor_opt.contents"
"""Keys of our Parquet's metadata: of the tape's time zone, and of what the file holds."""

_NO_PLACE = re.compile(r"UTC|[+-]\d\d:?\d\d")
"""Zones of a type of times that say nothing of where the session's clock hangs."""

SIDES = {"buy": BUYER, "sell": SELLER, "": UNKNOWN}

_QUOTES = {"venue": TEXT, "bid": NUMBER, "bid_size": NUMBER, "ask": NUMBER, "ask_size": NUMBER}
_TRADES = {"venue": TEXT, "price": NUMBER, "size": NUMBER, "side": TEXT}


_OPTIONAL = {"symbol": TEXT, "timezone": TEXT}


_QUOTES_EXAMPLE = Example(
    """ts,venue,bid,bid_size,ask,ask_size,symbol
1709562600000000000,SYN-A,119.99,300,120.01,300,SYN
1709562600230893000,SYN-B,119.98,100,120.02,42,SYN
1709562600258545000,SYN-A,119.98,200,120.02,100,SYN
""",
    "ts",
    "venue",
    "bid",
    "ask_size",
    "symbol",
)
_TRADES_EXAMPLE = Example(
    """ts,venue,price,size,side,symbol
2024-03-04T09:30:00.230893-05:00,SYN-B,119.99,100,sell,SYN
2024-03-04T09:30:00.496713-05:00,SYN-A,120.01,85,buy,SYN
2024-03-04T14:30:01.054290Z,SYN-A,120.00,300,,SYN
""",
    "ts",
    "venue",
    "price",
    "size",
    "symbol",
    trades=True,
)


class TabularLoader(Loader):
    """Quotes or trades, as the columns tell."""

    name: ClassVar[str] = "sor-opt"
    title: ClassVar[str] = "sor_opt CSV or Parquet"
    examples: ClassVar[tuple[Example, ...]] = (_QUOTES_EXAMPLE, _TRADES_EXAMPLE)
    signature: ClassVar[frozenset[str]] = frozenset(
        {"ts", *_QUOTES, *_TRADES} - {"bid", "ask", "side", "size"}  # words of other formats too
    )

    def recognises(self, head: bytes) -> bool:
        """Whether the content is Parquet or has our columns."""
        return head.startswith(MAGIC) or super().recognises(head)

    def load(self, source: Source, symbol: str | None, timezone: str | None) -> Tape:
        """Read quotes or trades."""
        parquet = source.head.startswith(MAGIC)
        read = self._parquet if parquet else self._csv
        table, zone = read(source, timezone)
        if table.has("symbol"):
            table = table.one_symbol("symbol", symbol)
        venue, venues = table.venues("venue", None)
        ts = table.instants("ts", zone)
        return Tape(
            tuple(venues),
            _quotes(table, ts, venue) if table.has("bid") else NO_QUOTES,
            _trades(table, ts, venue) if table.has("price") else None,
            symbol=next(iter(table.texts("symbol")[1]), "") if table.has("symbol") else "",
            timezone=zone or NEW_YORK,
            left_out=table.left_out,
        )

    def _csv(self, source: Source, timezone: str | None) -> tuple[Table, str | None]:
        """Read the table, and the zone that is given or that the file names."""
        header = self.header(source.head)
        local = timezone is not None or "timezone" in header
        time = instant_type(source, header, "ts", local=local)
        table = read_csv(source, header, _types(header) | {"ts": time})
        named = {*_zones(table)}
        if "timezone" in header and not (named or timezone):
            raise source.error(
                "column timezone is blank", hint="name the zone in it, or give it with --timezone"
            )
        return table, timezone or _one_zone(source, named)

    def _parquet(self, source: Source, timezone: str | None) -> tuple[Table, str | None]:
        file = ParquetSource(source, self.spellings)
        other = file.metadata(CONTENTS) - {file.contents}
        if other:
            raise source.error(
                f"its footer is damaged (it was written as {quoted(other.pop())})",
                hint="fetch the file again",
            )
        table = file.read(_types(file.header) | {"ts": INSTANT})
        named = file.metadata(TIMEZONE) | {*_zones(table)}
        of_type = file.zone("ts")
        if of_type is not None and not _NO_PLACE.fullmatch(of_type):
            named.add(of_type)
        return table, timezone or _one_zone(source, named)


def _types(header: Header) -> dict[str, pa.DataType]:
    optional = {name: type_ for name, type_ in _OPTIONAL.items() if name in header}
    return header.closest(_QUOTES, _TRADES) | optional


def _zones(table: Table) -> list[str]:
    """Give the zones that a column names, in any of its rows."""
    if not table.has("timezone"):
        return []
    return [text for text in table.texts("timezone")[1] if text]


def _one_zone(source: Source, named: set[str]) -> str | None:
    """Give the zone that a file names, or refuse the file."""
    if len(named) > 1:
        raise source.error(
            f"names {len(named)} time zones ({quoted(', '.join(sorted(named)))})",
            hint="give the right one with --timezone",
        )
    for zone in named:
        try:
            find_zone(zone)
        except ConfigError:
            raise source.error(
                f"its time zone {quoted(zone)} is not known",
                hint="give an IANA name with --timezone",
            ) from None
    return next(iter(named), None)


def _quotes(table: Table, ts: IntArray, venue: IntArray) -> Quotes:
    return Quotes(
        ts=ts,
        venue=venue,
        bid=table.numbers("bid"),
        bid_size=table.sizes("bid_size"),
        ask=table.numbers("ask"),
        ask_size=table.sizes("ask_size"),
    )


def _trades(table: Table, ts: IntArray, venue: IntArray) -> Trades:
    side, texts = table.texts("side")
    unknown = np.array([text not in SIDES for text in texts], dtype=np.bool_)[side]
    if unknown.any():
        first = int(np.argmax(unknown))
        raise table.source.error(
            f"side is {quoted(texts[side[first]])}",
            row=table.row(first),
            hint="write buy, sell or blank",
        )
    return Trades(
        ts=ts,
        venue=venue,
        price=table.numbers("price"),
        size=table.sizes("size"),
        side=np.array([SIDES.get(text) for text in texts], dtype=np.int64)[side],
    )


def save_tape(tape: Tape, quotes: Path | str, trades: Path | str | None = None) -> None:
    """Write a tape so that `load_tape` gives it back; the same tape gives the same bytes.

    Parameters
    ----------
    tape : Tape
    quotes, trades : path
        Parquet where the name ends in .parquet, gzip-compressed CSV in .csv.gz, else CSV.

    Raises
    ------
    ConfigError
        If the name ends in something else, a file cannot be written, or trades are asked for and
        the tape has none.
    """
    check_ending(quotes)
    if trades is not None:
        check_ending(trades)
        if tape.trades is None:
            raise ConfigError(f"there are no trades to write to {trades}")
    _write(_frame(tape, tape.quotes, _QUOTES), Path(quotes))
    if trades is not None and tape.trades is not None:
        _write(_frame(tape, tape.trades, _TRADES), Path(trades))


def _frame(tape: Tape, rows: Quotes | Trades, names: Iterable[str]) -> pd.DataFrame:
    texts = {code: text for text, code in SIDES.items()}
    frame = pd.DataFrame({"ts": rows.ts, **{name: getattr(rows, name) for name in names}})
    frame["venue"] = frame["venue"].map(dict(enumerate(tape.venues))).astype("category")
    if "side" in frame:
        frame["side"] = frame["side"].map(texts)
    symbol = tape.symbol
    if rows is tape.trades and tape.trades_symbol is not None:
        symbol = tape.trades_symbol
    if symbol:
        frame["symbol"] = pd.Series(symbol, index=frame.index, dtype="category")
    frame.attrs["timezone"] = tape.timezone
    return frame


def check_ending(path: Path | str) -> str:
    """Give the ending that tells the format in which `save_tape` would write a file.

    Raises
    ------
    ConfigError
        If it tells none.
    """
    for ending in WRITERS:
        if str(path).endswith(ending):
            return ending
    raise ConfigError(f"cannot tell the format of {path}: end it in {', '.join(WRITERS)}")


def _write(frame: pd.DataFrame, target: Path) -> None:
    write_atomically(target, WRITERS[check_ending(target)](frame))


def _csv(frame: pd.DataFrame) -> bytes:
    zone = frame.attrs["timezone"]
    if zone != NEW_YORK and len(frame):  # a blank a row is read by every program, a comment is not
        frame = frame.assign(timezone=[zone, *[""] * (len(frame) - 1)])
    sizes = frame.filter(like="size")
    integral = [name for name in sizes if (sizes[name] % 1 == 0).all()]
    return frame.astype(dict.fromkeys(integral, "int64")).to_csv(index=False).encode()


def _gzip(frame: pd.DataFrame) -> bytes:
    return gzip.compress(_csv(frame), mtime=0)


def _parquet(frame: pd.DataFrame) -> bytes:
    zone = frame.attrs["timezone"]
    instants = pd.to_datetime(frame["ts"], utc=True).dt.tz_convert(zone)
    table = pa.Table.from_pandas(frame.assign(ts=instants), preserve_index=False)
    sink = pa.BufferOutputStream()
    holds = contents(table.num_rows, table.column_names)
    table = table.replace_schema_metadata({TIMEZONE: zone, CONTENTS: holds})
    pq.write_table(table, sink, write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".parquet": _parquet,
    ".csv.gz": _gzip,
    ".csv": _csv,
}
"""By the ending of the file's name, the more special first."""
