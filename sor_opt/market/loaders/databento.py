"""Databento CSV: mbp-1, mbp-10, tbbo, bbo-1s, bbo-1m and trades, raw or pretty.

Sources: https://databento.com/docs/schemas (fields, and the side of a trade: Ask for a sell
aggressor, Bid for a buy aggressor) and the list of publishers in the open-source library dbn.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from sor_opt.market.loaders.base import NO_QUOTES, Loader, Source, header
from sor_opt.market.loaders.table import NUMBER, TEXT, Table, instant_type, read_csv
from sor_opt.market.tape import (
    BUYER,
    SELLER,
    UNKNOWN,
    BoolArray,
    FloatArray,
    IntArray,
    Quotes,
    Tape,
    Trades,
)

log = logging.getLogger(__name__)

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
"""Raw prices are integers in billionths of a dollar."""
RAW_FROM = 1e7
"""A price column with a number from here on is raw: as dollars it would be ten million and more."""
UNDEFINED = (float(2**63 - 1), (2**63 - 1) / RAW)
"""What stands for no price, raw and in dollars."""

ZONE = "America/New_York"
AGGRESSORS = {"A": SELLER, "B": BUYER}

_BOOK = ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
_EVENT = {"action": TEXT, "side": TEXT, "price": NUMBER, "size": NUMBER}


class DatabentoLoader(Loader):
    """One file gives quotes, trades or both; the time is ts_recv, or ts_event where that is absent.

    A row with action T is a print and shows the book *before* it, so quotes come from the other
    rows; of an mbp-10 file only from those that touch the best level. A tbbo file has nothing but
    prints: there the book before each print is a quote that was true at that moment, but what the
    print itself left is not seen before the next one.
    """

    name: ClassVar[str] = "Databento CSV"
    signature: ClassVar[frozenset[str]] = frozenset(
        {"ts_recv", "ts_event", "rtype", "publisher_id", "instrument_id", "ts_in_delta", *_BOOK}
    )

    def load(self, source: Source, symbol: str | None) -> Tape:
        """Read the quotes, the prints or both."""
        names = header(source.head)
        clock = "ts_recv" if "ts_recv" in names else "ts_event"
        ticker = "symbol" if "symbol" in names else "instrument_id"
        types = {clock: instant_type(source, clock), "publisher_id": TEXT, ticker: TEXT}
        table = read_csv(source, types | _content(names)).one_symbol(ticker, symbol)
        table = _on_exchange(table)
        ts = table.instants(clock)
        venue, venues = table.venues("publisher_id", PUBLISHERS)
        prints = _prints(table)
        return Tape(
            tuple(venues),
            _quotes(table, ts, venue, _shows_best(table, prints)),
            _trades(table, ts, venue, prints) if prints.any() else None,
            symbol=next(iter(table.texts(ticker)[1]), ""),
            timezone=ZONE,
        )


def _content(names: Sequence[str]) -> dict[str, pa.DataType]:
    """Columns of the schema: prints have an action, quotes a book, mbp-10 a depth that matters."""
    quoted = not {*_BOOK}.isdisjoint(names)
    types = dict.fromkeys(_BOOK, NUMBER) if quoted else {}
    if not quoted or not {"action", "depth"}.isdisjoint(names):
        types |= _EVENT
    return types | ({"depth": NUMBER} if "depth" in names else {})


def _on_exchange(table: Table) -> Table:
    publisher, numbers = table.texts("publisher_id")
    consolidated = np.isin(numbers, CONSOLIDATED)[publisher]
    if consolidated.any():
        raise table.source.error(
            "the publisher is consolidated (EQUS.MINI or the like): its quotes name no venue",
            row=table.row(int(np.argmax(consolidated))),
            mend="use the feeds of the exchanges, such as XNAS.ITCH",
        )
    off = np.isin(numbers, OFF_EXCHANGE)[publisher]
    if off.any():
        log.info("%s: left out %d prints off exchange", table.source.path, off.sum())
    return table.where(~off)


def _prints(table: Table) -> BoolArray:
    if not table.has("action"):
        return np.zeros(len(table), dtype=np.bool_)
    action, actions = table.texts("action")
    return np.array([text == "T" for text in actions], dtype=np.bool_)[action]


def _shows_best(table: Table, prints: BoolArray) -> BoolArray:
    """Rows whose best level is news: all but prints (unless there is nothing else), at depth 0."""
    if prints.all():
        return prints
    return ~prints & ~(table.numbers("depth") > 0) if table.has("depth") else ~prints


def _quotes(table: Table, ts: IntArray, venue: IntArray, rows: BoolArray) -> Quotes:
    if not table.has(_BOOK[0]):
        return NO_QUOTES
    bid, bid_size, ask, ask_size = _BOOK
    return Quotes(
        ts=ts[rows],
        venue=venue[rows],
        bid=_prices(table, bid)[rows],
        bid_size=table.numbers(bid_size)[rows],
        ask=_prices(table, ask)[rows],
        ask_size=table.numbers(ask_size)[rows],
    )


def _trades(table: Table, ts: IntArray, venue: IntArray, rows: BoolArray) -> Trades:
    side, texts = table.texts("side")
    aggressors = np.array([AGGRESSORS.get(text, UNKNOWN) for text in texts], dtype=np.int64)
    return Trades(
        ts=ts[rows],
        venue=venue[rows],
        price=_prices(table, "price")[rows],
        size=table.numbers("size")[rows],
        side=aggressors[side][rows],
    )


def _prices(table: Table, name: str) -> FloatArray:
    """Dollars, NaN where undefined; raw or pretty is told for each column apart."""
    values = table.numbers(name)
    values = np.where(np.isin(values, UNDEFINED), np.nan, values)
    raw = np.nanmax(values, initial=0.0) >= RAW_FROM
    return values / RAW if raw else values
