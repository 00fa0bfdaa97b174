"""sor_opt's own format, CSV or Parquet, read and written.

Quotes have the columns ts, venue, bid, bid_size, ask, ask_size; trades ts, venue, price, size,
side ("buy", "sell" or blank, the aggressor's). A column symbol may be added. Times are integer
nanoseconds UTC or ISO 8601 with the offset; prices are dollars, sizes shares.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from sor_opt.errors import ConfigError
from sor_opt.files import write_whole
from sor_opt.market.loaders.base import NO_QUOTES, Loader, Source, header
from sor_opt.market.loaders.table import (
    INSTANT,
    NUMBER,
    TEXT,
    Table,
    closest,
    instant_type,
    parquet_header,
    read_csv,
    read_parquet,
)
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, IntArray, Quotes, Tape, Trades

PARQUET_MAGIC = b"PAR1"
TIMEZONE = b"sor_opt.timezone"
"""Key of the Parquet metadata that holds the tape's time zone."""
ZONE = b"America/New_York"

SIDES = {"buy": BUYER, "sell": SELLER, "": UNKNOWN}

_QUOTES = {"venue": TEXT, "bid": NUMBER, "bid_size": NUMBER, "ask": NUMBER, "ask_size": NUMBER}
_TRADES = {"venue": TEXT, "price": NUMBER, "size": NUMBER, "side": TEXT}


class TabularLoader(Loader):
    """Quotes or trades, as the columns tell."""

    name: ClassVar[str] = "sor_opt CSV or Parquet"
    signature: ClassVar[frozenset[str]] = frozenset({"ts", *_QUOTES, *_TRADES} - {"side", "size"})

    def recognises(self, head: bytes) -> bool:
        """Whether the content is Parquet or has our columns."""
        return head.startswith(PARQUET_MAGIC) or super().recognises(head)

    def load(self, source: Source, symbol: str | None) -> Tape:
        """Read quotes or trades."""
        table = _read(source)
        if table.has("symbol"):
            table = table.one_symbol("symbol", symbol)
        venue, venues = table.venues("venue", None)
        ts = table.instants("ts")
        metadata = table.columns.schema.metadata or {}
        return Tape(
            tuple(venues),
            _quotes(table, ts, venue) if table.has("bid") else NO_QUOTES,
            _trades(table, ts, venue) if table.has("price") else None,
            symbol=next(iter(table.texts("symbol")[1]), "") if table.has("symbol") else "",
            timezone=metadata.get(TIMEZONE, ZONE).decode(),
        )


def _read(source: Source) -> Table:
    parquet = source.data.startswith(PARQUET_MAGIC)
    names = parquet_header(source) if parquet else header(source.head)
    types = closest(names, _QUOTES, _TRADES) | ({"symbol": TEXT} if "symbol" in names else {})
    if parquet:
        return read_parquet(source, types | {"ts": INSTANT})
    return read_csv(source, types | {"ts": instant_type(source, "ts")})


def _quotes(table: Table, ts: IntArray, venue: IntArray) -> Quotes:
    return Quotes(
        ts=ts,
        venue=venue,
        bid=table.numbers("bid"),
        bid_size=table.numbers("bid_size"),
        ask=table.numbers("ask"),
        ask_size=table.numbers("ask_size"),
    )


def _trades(table: Table, ts: IntArray, venue: IntArray) -> Trades:
    side, texts = table.texts("side")
    unknown = np.array([text not in SIDES for text in texts], dtype=np.bool_)[side]
    if unknown.any():
        first = int(np.argmax(unknown))
        raise table.source.error(
            f"side is {texts[side[first]]!r}", row=table.row(first), mend="write buy, sell or blank"
        )
    return Trades(
        ts=ts,
        venue=venue,
        price=table.numbers("price"),
        size=table.numbers("size"),
        side=np.array([SIDES.get(text) for text in texts], dtype=np.int64)[side],
    )


def save_tape(tape: Tape, quotes: Path | str, trades: Path | str | None = None) -> None:
    """Write a tape so that `load_tape` gives it back; the same tape gives the same bytes.

    Parameters
    ----------
    tape : Tape
    quotes, trades : path
        Parquet where the name ends in .parquet, gzip-compressed CSV in .csv.gz, else CSV. CSV
        leaves the time zone out.

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
    if tape.symbol:
        frame["symbol"] = tape.symbol
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
    write_whole(target, WRITERS[check_ending(target)](frame))


def _csv(frame: pd.DataFrame) -> bytes:
    sizes = frame.filter(like="size")
    integral = [name for name in sizes if (sizes[name] % 1 == 0).all()]
    return frame.astype(dict.fromkeys(integral, "int64")).to_csv(index=False).encode()


def _gzip(frame: pd.DataFrame) -> bytes:
    return gzip.compress(_csv(frame), mtime=0)


def _parquet(frame: pd.DataFrame) -> bytes:
    instants = pd.to_datetime(frame["ts"], utc=True)
    table = pa.Table.from_pandas(frame.assign(ts=instants), preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({TIMEZONE: frame.attrs["timezone"]}), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


WRITERS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".parquet": _parquet,
    ".csv.gz": _gzip,
    ".csv": _csv,
}
"""By the ending of the file's name, the more special first."""
