"""NYSE TAQ quotes and trades as CSV, with the column names of WRDS and of R's highfrequency.

Sources: NYSE Daily TAQ Client Specification (exchange codes, correction indicators, and sizes in
round lots until 2025-10-31, in shares from 2025-11-03 on); CTA and UTP participant specifications
(sale conditions).
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import date, datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np

from sor_opt.market.loaders.base import NO_QUOTES, Loader, Source, header
from sor_opt.market.loaders.table import CLOCK, NUMBER, TEXT, Table, closest, read_csv
from sor_opt.market.tape import UNKNOWN, BoolArray, IntArray, Quotes, Tape, Trades

log = logging.getLogger(__name__)

EXCHANGES = {
    "A": "XASE", "B": "XBOS", "C": "XCIS", "H": "EPRL", "I": "XISX", "J": "EDGA", "K": "EDGX",
    "L": "LTSE", "M": "XCHI", "N": "XNYS", "P": "ARCX", "Q": "XNAS", "T": "XNAS", "U": "MEMX",
    "V": "IEXG", "W": "XCBO", "X": "XPSX", "Y": "BATY", "Z": "BATS",
}  # fmt: skip
"""ISO 10383 code of each exchange code; Nasdaq is T in tapes A and B and Q in tape C."""

OFF_EXCHANGE = "D"
"""FINRA's facilities (ADF quotes, TRF prints): nothing can be routed there."""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""Days whose nanoseconds fit into 64 bits, with room."""

SIZES_IN_SHARES = date(2025, 11, 3)
ROUND_LOT = 100.0

STANDING = (0.0, 1.0)
"""Correction indicators of prints that stand; the others are cancelled or superseded."""

AUCTION_CONDITIONS = "5689MOQ"
LATE_CONDITIONS = "GLPUZ"
SPECIAL_CONDITIONS = "47BCHNRVWX"
"""Sale conditions of prints that no resting order could have met: of auctions and official prices,
out of sequence, and contingent, averaged, crossed or settled in another way."""

ZONE = "America/New_York"

_KEYS = {"DATE": TEXT, "TIME": CLOCK, "EX": TEXT, "SYMBOL": TEXT}
_QUOTES = _KEYS | {"BID": NUMBER, "BIDSIZ": NUMBER, "OFR": NUMBER, "OFRSIZ": NUMBER}
_TRADES = _KEYS | {"PRICE": NUMBER, "SIZE": NUMBER, "CORR": NUMBER}


class TaqLoader(Loader):
    """Quotes (DATE, TIME, EX, BID, BIDSIZ, OFR, OFRSIZ, SYMBOL) or trades (.., SIZE, PRICE, CORR).

    Times are New York's, sizes of quotes become shares. Prints off exchange, prints that do not
    stand and, where COND tells, prints outside continuous trading are left out, their number is
    logged. The aggressor of a print is not known.
    """

    name: ClassVar[str] = "TAQ CSV"
    signature: ClassVar[frozenset[str]] = frozenset(_KEYS)

    def load(self, source: Source, symbol: str | None) -> Tape:
        """Read quotes or trades, as the columns tell."""
        names = header(source.head)
        types = closest(names, _QUOTES, _TRADES)
        if types is _TRADES and "COND" in names:
            types = types | {"COND": TEXT}
        table = read_csv(source, types).one_symbol("SYMBOL", symbol)
        table = _keep(table, ~_off_exchange(table), "off exchange")
        return _quotes(table) if table.has("BID") else _trades(table)


def _quotes(table: Table) -> Tape:
    ts, days, day = _times(table)
    lots = np.array([1.0 if d >= SIZES_IN_SHARES else ROUND_LOT for d in days])[day]
    venue, names = table.venues("EX", EXCHANGES)
    quotes = Quotes(
        ts=ts,
        venue=venue,
        bid=table.numbers("BID"),
        bid_size=table.numbers("BIDSIZ") * lots,
        ask=table.numbers("OFR"),
        ask_size=table.numbers("OFRSIZ") * lots,
    )
    return Tape(tuple(names), quotes, symbol=_symbol(table), timezone=ZONE)


def _trades(table: Table) -> Tape:
    table = _keep(table, np.isin(table.numbers("CORR"), STANDING), "cancelled or corrected")
    if table.has("COND"):
        table = _keep(table, _continuous(table), "outside continuous trading")
    venue, names = table.venues("EX", EXCHANGES)
    trades = Trades(
        ts=_times(table)[0],
        venue=venue,
        price=table.numbers("PRICE"),
        size=table.numbers("SIZE"),
        side=np.full(len(table), UNKNOWN),
    )
    return Tape(tuple(names), NO_QUOTES, trades, symbol=_symbol(table), timezone=ZONE)


def _keep(table: Table, keep: BoolArray, others: str) -> Table:
    dropped = int(len(keep) - keep.sum())
    if dropped:
        log.info("%s: left out %d rows %s", table.source.path, dropped, others)
    return table.where(keep)


def _off_exchange(table: Table) -> BoolArray:
    indices, distinct = table.texts("EX")
    return np.array([code == OFF_EXCHANGE for code in distinct])[indices]


def _continuous(table: Table) -> BoolArray:
    indices, distinct = table.texts("COND")
    left_out = {*AUCTION_CONDITIONS, *LATE_CONDITIONS, *SPECIAL_CONDITIONS}
    return np.array([left_out.isdisjoint(text) for text in distinct])[indices]


def _symbol(table: Table) -> str:
    return next(iter(table.texts("SYMBOL")[1]), "")


def _times(table: Table) -> tuple[IntArray, list[date], IntArray]:
    """Nanoseconds UTC, shape (n,); the days; and each row's index into them, shape (n,)."""
    day, texts = table.texts("DATE")
    days = [_date(table, text, day == i) for i, text in enumerate(texts)]
    midnights = np.array([_midnight(d) for d in days], dtype=np.int64)
    clock = table.present("TIME", "every row needs its time").cast("int64").to_numpy()
    return table.rising(midnights[day] + clock), days, day


def _date(table: Table, text: str, rows: BoolArray) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if FIRST_DAY <= day <= LAST_DAY:
            return day
    raise table.source.error(
        f"DATE {text!r} is not a date from {FIRST_DAY} to {LAST_DAY}",
        row=table.row(int(np.argmax(rows))),
        mend="write YYYY-MM-DD",
    )


def _midnight(day: date) -> int:
    """Nanoseconds UTC at which the clock of `day` would show 00:00 by the offset of its noon.

    Clocks change on Sundays at 02:00, when no exchange is open: noon's offset serves the day.
    """
    noon = datetime.combine(day, time(12), ZoneInfo(ZONE))
    return round(noon.timestamp() - 12 * 3600) * 10**9
