"""Databento CSV: mbp-1, mbp-10, tbbo, bbo-1s, bbo-1m and trades, raw or pretty.

Sources: https://databento.com/docs/schemas (fields, and the side of a trade: Ask for a sell
aggressor, Bid for a buy aggressor) and the list of publishers in the open-source library dbn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import ClassVar

import numpy as np
import pyarrow as pa

from sor_opt.errors import DataError, quoted
from sor_opt.market.loaders.base import NO_QUOTES, Example, Loader
from sor_opt.market.loaders.delimited import instant_type, read_csv
from sor_opt.market.loaders.header import Header
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.table import NUMBER, TEXT, Table
from sor_opt.market.tape import (
    BUYER,
    SELLER,
    UNKNOWN,
    BoolArray,
    IntArray,
    Quotes,
    Tape,
    Trades,
)
from sor_opt.market.zones import NEW_YORK

_VENUE_IDS = {
    "XNAS": (2, 46, 47, 52, 66, 81),
    "XBOS": (3, 75, 86, 88),
    "XPSX": (4, 76, 87, 89),
    "BATS": (5, 71),
    "BATY": (6, 72),
    "EDGA": (7, 73),
    "EDGX": (8, 74),
    "XNYS": (9, 44, 45, 53, 67, 92),
    "XCIS": (10, 13, 14, 40, 49, 63, 91),
    "XASE": (11, 78),
    "XCHI": (12, 39, 48, 62),
    "MEMX": (15, 77),
    "EPRL": (16, 42, 51, 65),
    "IEXG": (38, 41, 50, 64),
    "ARCX": (43, 79),
    "LTSE": (80,),
}
PUBLISHERS = {str(number): venue for venue, ids in _VENUE_IDS.items() for number in ids}
"""The exchange of each publisher of US equities, by dbn's numbers."""

CONSOLIDATED = ["59", "60", "90", "93", "94", "95", "96"]
"""EQUS.MINI and the like: one quote for the whole market."""

OFF_EXCHANGE = ["17", "18", "19", "54", "55", "56", "68", "69", "70", "82", "83"]
"""FINRA's trade reporting facilities: nothing can be routed there."""

RAW = 1e9
"""Raw prices are whole numbers of billionths of a dollar; prices in dollars have a point."""

GRAIN = 1e3
"""Raw prices are multiples of a millionth of a dollar; whole dollars without a point mostly not."""

UNDEFINED = (float(2**63 - 1), (2**63 - 1) / RAW)
"""What stands for no price, raw and in dollars."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(
    r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[0-9]+[eE][+-]?[0-9]+"
)

AGGRESSORS = {"A": SELLER, "B": BUYER}

_PRICES = ("bid_px_00", "ask_px_00", "price")
_BOOK = {"bid_px_00": TEXT, "bid_sz_00": NUMBER, "ask_px_00": TEXT, "ask_sz_00": NUMBER}
_EVENT = {"action": TEXT, "side": TEXT, "price": TEXT, "size": NUMBER}
_DEPTH = {"depth": NUMBER}


_QUOTES_EXAMPLE = Example(
    """ts_recv,rtype,publisher_id,instrument_id,action,side,depth,price,size,\
bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,symbol
2024-08-01T13:36:32.000000308Z,1,2,38,A,B,0,222.81,10,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.100000308Z,1,43,38,A,A,0,222.84,70,222.80,222.84,50,70,AAPL
2024-08-01T13:36:32.200000308Z,1,2,38,T,B,0,222.83,36,222.81,222.83,100,36,AAPL
2024-08-01T13:36:32.300000308Z,1,2,38,C,A,0,222.83,36,222.81,222.85,100,90,AAPL
""",
    "ts_recv",
    "publisher_id",
    "bid_px_00",
    "ask_sz_00",
    "symbol",
    nan_prices=False,
)
_TRADES_EXAMPLE = Example(
    """ts_recv,rtype,publisher_id,instrument_id,action,side,price,size,symbol
2024-08-01T13:36:32.2Z,0,2,38,T,B,222.83,36,AAPL
2024-08-01T13:36:33.2Z,0,43,38,T,A,222.80,5,AAPL
2024-08-01T13:36:34.2Z,0,2,38,T,N,222.82,1,AAPL
""",
    "ts_recv",
    "publisher_id",
    "price",
    "size",
    "symbol",
    nan_prices=False,
    trades=True,
)


class DatabentoLoader(Loader):
    """One file gives quotes, trades or both; the time is ts_recv, or ts_event where that is absent.

    Whether prices are raw or in dollars is decided once for all, from their texts. A row with
    action T is a print and shows the book *before* it, so quotes come from the other rows; of an
    mbp-10 file only from those of the best level. A tbbo file has nothing but prints: there
    the book before each print is a quote that was true at that moment, but what the print itself
    left is not seen before the next one.
    """

    name: ClassVar[str] = "databento"
    title: ClassVar[str] = "Databento CSV"
    examples: ClassVar[tuple[Example, ...]] = (_QUOTES_EXAMPLE, _TRADES_EXAMPLE)
    signature: ClassVar[frozenset[str]] = frozenset(
        {"ts_recv", "ts_event", "rtype", "publisher_id", "instrument_id", "ts_in_delta", *_BOOK}
    )

    def load(self, source: Source, symbol: str | None, timezone: str | None) -> Tape:
        """Read the quotes, the prints or both."""
        header = self.header(source.head)
        clock = "ts_recv" if "ts_recv" in header else "ts_event"
        ticker = "symbol" if "symbol" in header else "instrument_id"
        time = instant_type(source, header, clock, local=timezone is not None)
        types = {clock: time, "publisher_id": TEXT, ticker: TEXT} | _content(header)
        table = read_csv(source, header, types)
        table = _in_dollars(table, [name for name in _PRICES if table.has(name)])
        table = _on_exchange(table.one_symbol(ticker, symbol))
        ts = table.instants(clock, timezone)
        venue, venues = table.venues("publisher_id", PUBLISHERS)
        prints = _prints(table)
        return Tape(
            tuple(venues),
            _quotes(table, ts, venue, _shows_best(table, prints)),
            _trades(table, ts, venue, prints) if prints.any() else None,
            symbol=next(iter(table.texts(ticker)[1]), ""),
            timezone=timezone or NEW_YORK,
            left_out=table.left_out,
        )


def _content(header: Header) -> dict[str, pa.DataType]:
    """Columns of the schema: prints have an action, quotes a book, mbp-10 a depth that matters."""
    quoted = any(name in header for name in _BOOK)
    types = dict(_BOOK) if quoted else {}
    if not quoted or "action" in header or "depth" in header:
        types |= _EVENT
    return types | (_DEPTH if "depth" in header else {})


def _in_dollars(table: Table, names: Sequence[str]) -> Table:
    """Turn texts of prices into dollars, NaN where undefined; all are raw, or none is."""
    columns = {name: table.texts(name) for name in names}
    found = {_written(text) for _, texts in columns.values() for text in texts}
    if found.issuperset({_Written.WHOLE, _Written.WITH_POINT}) or found.intersection(_WRONG):
        raise _odd_price(table, columns)
    for name, (indices, texts) in columns.items():
        numbers = np.array([float(text or "nan") for text in texts])
        numbers[np.isin(numbers, UNDEFINED)] = np.nan
        dollars = numbers / RAW if _Written.WHOLE in found else numbers
        table = table.with_column(name, pa.array(dollars[indices]))
    return table


class _Written(Enum):
    """How a price is written, and so in which unit."""

    WHOLE = auto()
    WITH_POINT = auto()
    WITHOUT_POINT = auto()
    EITHER = auto()
    OTHERWISE = auto()


def _written(text: str) -> _Written:
    whole = _WHOLE.fullmatch(text)
    if text and not ((whole or _DECIMAL.fullmatch(text)) and math.isfinite(float(text))):
        return _Written.OTHERWISE
    if not text or float(text) <= 0 or float(text) in UNDEFINED:
        return _Written.EITHER
    if whole and float(text) % GRAIN:
        return _Written.WITHOUT_POINT
    return _Written.WHOLE if whole else _Written.WITH_POINT


_WRONG = (_Written.OTHERWISE, _Written.WITHOUT_POINT)

_ONE_WAY = "write all prices of the file in one way"
_ODD = {
    _Written.OTHERWISE: ("is no price", "correct the cell, or leave it blank"),
    _Written.WITHOUT_POINT: (
        "has no decimal point, and is no raw price (a multiple of 1,000)",
        "write dollars with a point, such as 156.0",
    ),
    _Written.WHOLE: ("is a whole number, other prices have a decimal point", _ONE_WAY),
    _Written.WITH_POINT: ("has a decimal point, other prices are whole numbers", _ONE_WAY),
}


def _odd_price(table: Table, columns: Mapping[str, tuple[IntArray, list[str]]]) -> DataError:
    """Name the first cell that is no price, or else is written as fewer prices are."""

    def cells(written: _Written) -> dict[str, BoolArray]:
        return {
            name: np.array([_written(text) is written for text in texts])[indices]
            for name, (indices, texts) in columns.items()
        }

    counts = {
        written: count
        for written in _ODD
        if (count := sum(int(rows.sum()) for rows in cells(written).values()))
    }
    rarest = min(counts, key=counts.__getitem__)
    odd = next((written for written in _WRONG if written in counts), rarest)
    first, name = min(
        (int(np.argmax(rows)), name) for name, rows in cells(odd).items() if rows.any()
    )
    indices, texts = columns[name]
    what, hint = _ODD[odd]
    price = f"{table.header.shown(name)} {quoted(texts[indices[first]])}"
    return table.source.error(f"{price} {what}", row=table.row(first), hint=hint)


def _on_exchange(table: Table) -> Table:
    publisher, numbers = table.texts("publisher_id")
    consolidated = np.isin(numbers, CONSOLIDATED)[publisher]
    if consolidated.any():
        raise table.source.error(
            "the publisher is consolidated (EQUS.MINI or the like): its quotes name no venue",
            row=table.row(int(np.argmax(consolidated))),
            hint="use the feeds of the exchanges, such as XNAS.ITCH",
        )
    return table.without(np.isin(numbers, OFF_EXCHANGE)[publisher], "prints off exchange")


def _prints(table: Table) -> BoolArray:
    if not table.has("action"):
        return np.zeros(len(table), dtype=np.bool_)
    action, actions = table.texts("action")
    return np.array([text == "T" for text in actions], dtype=np.bool_)[action]


def _shows_best(table: Table, prints: BoolArray) -> BoolArray:
    """Rows of the best level: all but prints (unless there is nothing else), at depth 0."""
    if prints.all():
        return prints
    return ~prints & ~(table.numbers("depth") > 0) if table.has("depth") else ~prints


def _quotes(table: Table, ts: IntArray, venue: IntArray, rows: BoolArray) -> Quotes:
    if not table.has("bid_px_00"):
        return NO_QUOTES
    return Quotes(
        ts=ts[rows],
        venue=venue[rows],
        bid=table.numbers("bid_px_00")[rows],
        bid_size=table.sizes("bid_sz_00")[rows],
        ask=table.numbers("ask_px_00")[rows],
        ask_size=table.sizes("ask_sz_00")[rows],
    )


def _trades(table: Table, ts: IntArray, venue: IntArray, rows: BoolArray) -> Trades:
    side, texts = table.texts("side")
    aggressors = np.array([AGGRESSORS.get(text, UNKNOWN) for text in texts], dtype=np.int64)
    return Trades(
        ts=ts[rows],
        venue=venue[rows],
        price=table.numbers("price")[rows],
        size=table.sizes("size")[rows],
        side=aggressors[side][rows],
    )
