"""NYSE TAQ quotes and trades as CSV, with the column names of WRDS and of R's highfrequency.

Sources: NYSE Daily TAQ Client Specification (exchange codes, correction indicators, and sizes in
round lots until 2025-10-31, in shares from 2025-11-03 on); CTA and UTP participant specifications
(sale conditions); for quote conditions the table in docs/data.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import ClassVar

import numpy as np
import pyarrow as pa

from sor_opt.errors import quoted
from sor_opt.market.loaders.base import NO_QUOTES, Example, Loader
from sor_opt.market.loaders.delimited import read_csv
from sor_opt.market.loaders.source import Source
from sor_opt.market.loaders.table import CLOCK, NUMBER, TEXT, Table
from sor_opt.market.loaders.times import FIRST_DAY, tomorrow
from sor_opt.market.tape import UNKNOWN, BoolArray, FloatArray, IntArray, Quotes, Tape, Trades
from sor_opt.market.zones import NEW_YORK, find_zone, midnight

EXCHANGES = {
    "A": "XASE", "B": "XBOS", "C": "XCIS", "H": "EPRL", "I": "XISX", "J": "EDGA", "K": "EDGX",
    "L": "LTSE", "M": "XCHI", "N": "XNYS", "P": "ARCX", "Q": "XNAS", "T": "XNAS", "U": "MEMX",
    "V": "IEXG", "W": "XCBO", "X": "XPSX", "Y": "BATY", "Z": "BATS",
}  # fmt: skip
"""ISO 10383 code of each exchange code; Nasdaq is T in tapes A and B and Q in tape C."""

OFF_EXCHANGE = "D"
"""FINRA's facilities (ADF quotes, TRF prints): nothing can be routed there."""

SIZES_IN_SHARES = date(2025, 11, 3)
ROUND_LOT = 100.0

STANDING = (0.0, 1.0)
"""Correction indicators of prints that stand; the others are cancelled or superseded."""

AUCTION_CONDITIONS = "5689MOQ"
LATE_CONDITIONS = "GLPUZ"
SPECIAL_CONDITIONS = "47BCHNRVWX"
"""Sale conditions of prints that no resting order could have met: of auctions and official prices,
out of sequence, and contingent, averaged, crossed or settled in another way."""

NOT_FIRM = "quotes that are not firm"
HALTED = "quotes of a halt"
UNKNOWN_CONDITION = "quotes of an unknown condition"
QUOTE_CONDITIONS: Mapping[str, str] = (
    dict.fromkeys(("", *"ABCHORWY"), "")
    | dict.fromkeys("4EFLNU", NOT_FIRM)
    | dict.fromkeys("123DGIJKMPQSTVXZ", HALTED)
)
"""Why a quote of each condition empties its venue, blank where it is firm; a condition that is not
here is unknown."""

_KEYS = {"DATE": TEXT, "TIME": CLOCK, "EX": TEXT, "SYMBOL": TEXT}
_QUOTES = _KEYS | {"BID": NUMBER, "BIDSIZ": NUMBER, "OFR": NUMBER, "OFRSIZ": NUMBER}
_TRADES = _KEYS | {"PRICE": NUMBER, "SIZE": NUMBER, "CORR": NUMBER}
_OPTIONAL = {"COND": TEXT, "QU_COND": TEXT, "SYM_SUFFIX": TEXT}


_QUOTES_EXAMPLE = Example(
    """DATE,TIME,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL
2018-01-02,09:30:00.000000,N,156.57,1,156.60,2,XXX
2018-01-02,09:30:00.125000,P,156.56,3,156.61,1,XXX
2018-01-02,09:30:01.000000,T,156.55,2,156.62,5,XXX
2018-01-02,09:30:02.500000,N,156.58,2,156.61,2,XXX
""",
    "TIME",
    "EX",
    "BID",
    "OFRSIZ",
    "SYMBOL",
    day="DATE",
)
_WRDS_QUOTES_EXAMPLE = Example(
    """DATE,TIME_M,EX,BID,BIDSIZ,ASK,ASKSIZ,QU_COND,NATBBO_IND,QU_SOURCE,SYM_ROOT
2018-01-02,9:30:00.000000,N,156.57,1,156.60,2,O,G,C,XXX
2018-01-02,9:30:00.125000,P,156.56,3,156.61,1,R,A,C,XXX
2018-01-02,9:30:01.000000,T,156.55,2,156.62,5,R,A,C,XXX
2018-01-02,9:30:02.500000,N,156.58,2,156.61,2,,U,C,XXX
""",
    "TIME_M",
    "EX",
    "BID",
    "ASKSIZ",
    "SYM_ROOT",
    day="DATE",
)
_TRADES_EXAMPLE = Example(
    """DATE,TIME,EX,SYMBOL,COND,SIZE,PRICE,CORR
2018-01-02,09:30:00.200000,N,XXX,,100,156.60,0
2018-01-02,09:30:01.100000,P,XXX,I,37,156.61,0
2018-01-02,09:30:01.900000,T,XXX,,200,156.55,0
""",
    "TIME",
    "EX",
    "PRICE",
    "SIZE",
    "SYMBOL",
    day="DATE",
    trades=True,
)
_WRDS_TRADES_EXAMPLE = Example(
    """DATE,TIME_M,EX,SYM_ROOT,TR_SCOND,SIZE,PRICE,TR_CORR,TR_SOURCE
2018-01-02,9:30:00.200000,N,XXX,,100,156.60,00,C
2018-01-02,9:30:01.100000,P,XXX,F I,37,156.61,00,C
2018-01-02,9:30:01.900000,T,XXX,@,200,156.55,01,C
""",
    "TIME_M",
    "EX",
    "PRICE",
    "SIZE",
    "SYM_ROOT",
    day="DATE",
    trades=True,
)


class TaqLoader(Loader):
    """Quotes (DATE, TIME, EX, BID, BIDSIZ, OFR, OFRSIZ, SYMBOL) or trades (.., SIZE, PRICE, CORR).

    WRDS's names of today (TIME_M, ASK, ASKSIZ, SYM_ROOT, SYM_SUFFIX, TR_SCOND, TR_CORR) mean the
    same. Times are New York's where no other zone is given, sizes of quotes become shares. Rows off
    exchange, prints that do not stand and, where COND tells, prints outside continuous trading are
    left out and counted. A quote whose QU_COND is not that of a firm one empties its venue, and is
    counted. The aggressor of a print is not known.
    """

    name: ClassVar[str] = "taq"
    title: ClassVar[str] = "TAQ CSV"
    examples: ClassVar[tuple[Example, ...]] = (
        _QUOTES_EXAMPLE,
        _TRADES_EXAMPLE,
        _WRDS_QUOTES_EXAMPLE,
        _WRDS_TRADES_EXAMPLE,
    )
    signature: ClassVar[frozenset[str]] = frozenset(_KEYS)
    spellings: ClassVar[Mapping[str, str]] = {
        name.lower(): name for name in (*_QUOTES, *_TRADES, *_OPTIONAL)
    } | {
        "time_m": "TIME",
        "ask": "OFR",
        "asksiz": "OFRSIZ",
        "sym_root": "SYMBOL",
        "tr_scond": "COND",
        "tr_corr": "CORR",
    }

    def load(self, source: Source, symbol: str | None, timezone: str | None) -> Tape:
        """Read quotes or trades, as the columns tell."""
        header = self.header(source.head)
        types = header.closest(_QUOTES, _TRADES)
        optional = {name: type_ for name, type_ in _OPTIONAL.items() if name in header}
        table = _with_suffixes(read_csv(source, header, types | optional))
        read = _quotes if table.has("BID") else _trades
        return read(table.one_symbol("SYMBOL", symbol), timezone or NEW_YORK)


def _quotes(table: Table, timezone: str) -> Tape:
    table = table.without(_off_exchange(table), "quotes off exchange")
    ts, days, day = _times(table, timezone)
    lots = np.array([1.0 if d >= SIZES_IN_SHARES else ROUND_LOT for d in days])[day]
    venue, names = table.venues("EX", EXCHANGES)
    quotes = Quotes(
        ts=ts,
        venue=venue,
        bid=table.numbers("BID"),
        bid_size=_shares(table, "BIDSIZ", lots),
        ask=table.numbers("OFR"),
        ask_size=_shares(table, "OFRSIZ", lots),
    )
    firm, emptied = _firm(table, quotes)
    return replace(_tape(table, timezone, names, firm), emptied=emptied)


def _firm(table: Table, quotes: Quotes) -> tuple[Quotes, dict[str, int]]:
    """Empty the quotes that are not firm, and count them by reason."""
    if not table.has("QU_COND"):
        return quotes, {}
    indices, codes = table.texts("QU_COND")
    reasons = [QUOTE_CONDITIONS.get(code, UNKNOWN_CONDITION) for code in codes]
    counts: Counter[str] = Counter()
    for reason, count in zip(reasons, np.bincount(indices, minlength=len(codes)), strict=True):
        counts[reason] += int(count)
    del counts[""]
    firm = np.array([not reason for reason in reasons])[indices]
    sides = (quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size)
    shown = (np.where(firm, numbers, np.nan) for numbers in sides)
    return Quotes(quotes.ts, quotes.venue, *shown), dict(counts)


@np.errstate(over="ignore")  # what is infinite then, cannot be
def _shares(table: Table, name: str, lots: FloatArray) -> FloatArray:
    sizes: FloatArray = table.sizes(name) * lots
    return sizes


def _trades(table: Table, timezone: str) -> Tape:
    table = table.without(_off_exchange(table), "prints off exchange")
    stand = np.isin(table.numbers("CORR"), STANDING)
    table = table.without(~stand, "prints cancelled or corrected")
    if table.has("COND"):
        table = table.without(~_continuous(table), "prints outside continuous trading")
    venue, names = table.venues("EX", EXCHANGES)
    trades = Trades(
        ts=_times(table, timezone)[0],
        venue=venue,
        price=table.numbers("PRICE"),
        size=table.sizes("SIZE"),
        side=np.full(len(table), UNKNOWN),
    )
    return _tape(table, timezone, names, NO_QUOTES, trades)


def _tape(
    table: Table, timezone: str, venues: list[str], quotes: Quotes, trades: Trades | None = None
) -> Tape:
    symbol = next(iter(table.texts("SYMBOL")[1]), "")
    return Tape(
        tuple(venues), quotes, trades, symbol=symbol, timezone=timezone, left_out=table.left_out
    )


def _with_suffixes(table: Table) -> Table:
    """Make BRK.A of the root BRK and the suffix A: both share classes may be in one file."""
    if not table.has("SYM_SUFFIX"):
        return table
    (root, roots), (suffix, suffixes) = table.texts("SYMBOL"), table.texts("SYM_SUFFIX")
    symbols = [f"{one}.{other}" if other else one for one in roots for other in suffixes]
    both = pa.DictionaryArray.from_arrays(root * len(suffixes) + suffix, symbols)
    return table.with_column("SYMBOL", both)


def _off_exchange(table: Table) -> BoolArray:
    indices, distinct = table.texts("EX")
    return np.array([code == OFF_EXCHANGE for code in distinct], dtype=np.bool_)[indices]


def _continuous(table: Table) -> BoolArray:
    indices, distinct = table.texts("COND")
    left_out = {*AUCTION_CONDITIONS, *LATE_CONDITIONS, *SPECIAL_CONDITIONS}
    return np.array([left_out.isdisjoint(text) for text in distinct], dtype=np.bool_)[indices]


def _times(table: Table, timezone: str) -> tuple[IntArray, list[date], IntArray]:
    """Nanoseconds UTC, shape (n,); the days; and each row's index into them, shape (n,)."""
    day, texts = table.texts("DATE")
    days = [_date(table, text, day == i) for i, text in enumerate(texts)]
    zone = find_zone(timezone)
    midnights = np.array([midnight(d, zone) for d in days], dtype=np.int64)
    clock = table.present("TIME", "every row needs its time").cast("int64").to_numpy()
    return table.rising(midnights[day] + clock), days, day


def _date(table: Table, text: str, rows: BoolArray) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if FIRST_DAY <= day <= tomorrow():
            return day
    raise table.source.error(
        f"{table.header.shown('DATE')} {quoted(text)} is not a date from {FIRST_DAY} to "
        f"{tomorrow()}",
        row=table.row(int(np.argmax(rows))),
        hint="write YYYY-MM-DD",
    )
