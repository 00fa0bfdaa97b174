"""An independent reading of a tape's file, and the comparison of the tape with it.

It knows the formats from their documentation and reads them with Python's csv module, cell by cell:
slow, and plain enough to be believed.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sor_opt.market.loaders import databento, taq
from sor_opt.market.tape import BUYER, SELLER, UNKNOWN, Quotes, Tape, Trades

Row = Mapping[str, str]
"""Cells by the names of their columns in small letters."""

NOTHING = {
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null",
}  # fmt: skip
"""What CSV files write for a number that is not there: a side with it is empty, and counted so."""

MOST_DOLLARS, MOST_SHARES = 1e9, 1e12
"""From here on a number is no price and no size."""

SIDES, PRINT = (("bid", "bid_size"), ("ask", "ask_size")), (("price", "size"),)
"""Numbers that empty each other."""

NO_SIZE = (2.0**31 - 1, 2.0**32 - 1, 2.0**63)
"""Integers that stand for no size."""

CLOSE = 1e-6
"""Relative; what a number may change by: a little more than 32 bits take from it."""

NEW_YORK = ZoneInfo("America/New_York")
SECOND = 10**9
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)"
)
NAIVE = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.(\d{0,9}))?")
CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?")


class ChangedError(Exception):
    """A tape, a book or a table says something else than its file."""


def number(cell: str) -> float | None:
    """Read a cell as a number: NaN where it says that there is none, None where it is nonsense."""
    if cell in NOTHING:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


class Reading:
    """The formats' common part; columns of the file by the names of a tape's numbers."""

    quote: Mapping[str, str] = {}
    trade: Mapping[str, str] = {}

    def rows(self, text: bytes) -> list[Row]:
        """Read all rows that are not empty.

        Raises
        ------
        ChangedError
            If one has more or fewer cells than the header: it should have been refused.
        """
        lines = io.StringIO(text.decode("utf-8-sig", errors="replace"), newline="")
        head, *rows = (row for row in csv.reader(lines) if row)
        names = [name.strip(" \t").lower() for name in head]
        if any(len(row) != len(names) for row in rows):
            raise ChangedError("a row of another length than the header was read")
        return [dict(zip(names, (cell.strip(" \t") for cell in row), strict=True)) for row in rows]

    def time(self, row: Row) -> int | None:
        """Nanoseconds UTC; None where the cells say none."""
        raise NotImplementedError

    def venue(self, row: Row) -> str | None:
        """The name that the tape should have."""
        raise NotImplementedError

    def factor(self, name: str, row: Row) -> float:
        """What a cell's number is multiplied with."""
        return 1.0

    def is_quote(self, row: Row) -> bool:
        """Whether the row should become a quote."""
        return bool(self.quote)

    def is_trade(self, row: Row) -> bool:
        """Whether the row should become a print."""
        return bool(self.trade)

    def left_out(self, row: Row) -> bool:
        """Whether the row should be left out, and counted."""
        return False

    def is_firm(self, row: Row) -> bool:
        """Whether a quote's numbers count; else all are emptied, and the quote counted."""
        return True

    def side(self, row: Row) -> int:
        """The aggressor of a print."""
        return UNKNOWN

    def is_mark(self, cell: str) -> bool:
        """Whether a number stands for no price by the format's own definition."""
        return False

    def compare(self, tape: Tape, text: bytes) -> None:
        """Hold a tape against its file.

        Raises
        ------
        ChangedError
            If a row is gone and not counted, a number emptied and not counted, or a time, venue,
            number or side is another.
        """
        rows = self.rows(text)
        ours = (row for row in rows if self._of_symbol(row, tape.symbol))
        kept = [row for row in ours if not self.left_out(row)]
        quotes = [row for row in kept if self.quote and self.is_quote(row)]
        prints = [row for row in kept if self.trade and self.is_trade(row)]
        _same_count("rows are left out", len(rows) - len(kept), tape.left_out)
        impossible = [
            pair
            for rows_, columns, pairs in ((quotes, self.quote, SIDES), (prints, self.trade, PRINT))
            for row in rows_
            if self.is_firm(row)
            for pair in pairs
            if any(self._impossible(name, row, columns) for name in pair)
        ]
        emptied = len(impossible) + sum(not self.is_firm(row) for row in quotes)
        _same_count("quotes, prices and sizes are emptied", emptied, tape.emptied)
        if self.quote:
            self._compare_rows(tape, tape.quotes, quotes, self.quote)
        if prints and tape.trades is None:
            raise ChangedError(f"{len(prints)} prints are gone")
        if self.trade and tape.trades is not None:
            self._compare_rows(tape, tape.trades, prints, self.trade)
            for row, side in zip(prints, tape.trades.side, strict=True):
                if side != self.side(row):
                    raise ChangedError(f"a side is {side}, the file says {row}")

    def _of_symbol(self, row: Row, symbol: str) -> bool:
        """Whether the row is of the symbol that was asked for: a file may hold others."""
        named = row.get("symbol", row.get("instrument_id"))
        return not symbol or named is None or named == symbol

    def _impossible(self, name: str, row: Row, columns: Mapping[str, str]) -> bool:
        """Whether a number is none that can be: too large, or a mark that no format defines."""
        says = number(row[columns[name]]) or 0.0
        if "size" in name:
            return says * self.factor(name, row) >= MOST_SHARES or says in NO_SIZE
        large = says * self.factor(name, row) >= MOST_DOLLARS
        return large and not self.is_mark(row[columns[name]])

    def _same(self, name: str, row: Row, columns: Mapping[str, str], value: float) -> bool:
        """Whether a number of a tape is what its cell says; NaN only where it says none."""
        cell = row[columns[name]]
        says = number(cell)
        if says is None:
            return False
        mark = "size" not in name and self.is_mark(cell)
        if (
            not self.is_firm(row)
            or math.isnan(says)
            or mark
            or self._impossible(name, row, columns)
        ):
            return math.isnan(value)
        return math.isclose(value, says * self.factor(name, row), rel_tol=CLOSE, abs_tol=1e-300)

    def _compare_rows(
        self, tape: Tape, read: Quotes | Trades, rows: list[Row], columns: Mapping[str, str]
    ) -> None:
        if len(read) != len(rows):
            raise ChangedError(
                f"{len(read)} rows of {', '.join(columns)}, the file has {len(rows)}"
            )
        for i, row in enumerate(rows):
            if read.ts[i] != self.time(row):
                raise ChangedError(f"a time is {read.ts[i]}, the file says {self.time(row)}: {row}")
            if tape.venues[read.venue[i]] != self.venue(row):
                raise ChangedError(f"a venue is {tape.venues[read.venue[i]]}, the file says {row}")
            for name, column in columns.items():
                value = getattr(read, name)[i]
                if not self._same(name, row, columns, value):
                    raise ChangedError(f"a {name} is {value}, the file says {row[column]!r}")


def _same_count(what: str, count: int, counted: Mapping[str, int]) -> None:
    if count != sum(counted.values()):
        raise ChangedError(f"{count} {what}, {sum(counted.values())} are counted")


def moment(text: str) -> int | None:
    """Read ISO 8601 with an offset."""
    match = MOMENT.fullmatch(text)
    if match is None:
        return None
    day, clock, seconds, fraction, offset = match.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}:{seconds or '00'}{offset}")
    except ValueError:
        return None
    return _nanoseconds(whole) + int((fraction or "").ljust(9, "0"))


def _nanoseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * SECOND


class Own(Reading):
    """sor_opt's own CSV."""

    def time(self, row: Row) -> int | None:
        """An integer of nanoseconds, or ISO 8601."""
        return int(row["ts"]) if re.fullmatch(r"-?\d+", row["ts"]) else moment(row["ts"])

    def venue(self, row: Row) -> str:
        """The name as it is."""
        return row["venue"]

    def side(self, row: Row) -> int:
        """A word, or nothing."""
        return {"buy": BUYER, "sell": SELLER}.get(row["side"], UNKNOWN if not row["side"] else 99)


class LondonQuotes(Own):
    """Quotes of it whose times are London's, by its column timezone."""

    quote = {name: name for name in ("bid", "bid_size", "ask", "ask_size")}  # noqa: RUF012

    def time(self, row: Row) -> int | None:
        """ISO 8601 without an offset."""
        match = NAIVE.fullmatch(row["ts"])
        if match is None:
            return super().time(row)
        local = datetime.fromisoformat(match[1]).replace(tzinfo=ZoneInfo("Europe/London"))
        return _nanoseconds(local) + int((match[2] or "").ljust(9, "0"))


class OwnQuotes(Own):
    """Quotes of it."""

    quote = {name: name for name in ("bid", "bid_size", "ask", "ask_size")}  # noqa: RUF012


class OwnTrades(Own):
    """Trades of it."""

    trade = {name: name for name in ("price", "size")}  # noqa: RUF012


class Taq(Reading):
    """NYSE TAQ of a day before sizes of quotes became shares."""

    def time(self, row: Row) -> int | None:
        """A date and a time of day in New York."""
        match = CLOCK.fullmatch(row["time"])
        try:
            day = date.fromisoformat(row["date"])
            hour, minute, second, fraction = match.groups() if match else ("99", "", "", "")
            clock = datetime(day.year, day.month, day.day, int(hour), int(minute), int(second or 0))
        except ValueError:
            return None
        return _nanoseconds(clock.replace(tzinfo=NEW_YORK)) + int((fraction or "").ljust(9, "0"))

    def venue(self, row: Row) -> str | None:
        """By the exchange's letter."""
        return taq.EXCHANGES.get(row["ex"])

    def left_out(self, row: Row) -> bool:
        """Off exchange, cancelled, or outside continuous trading."""
        standing = "corr" not in row or number(row["corr"]) in (0, 1)
        return (
            row["ex"] == "D"
            or not standing
            or bool({*row.get("cond", "")} & {*"5689MOQGLPUZ47BCHNRVWX"})
        )


class TaqQuotes(Taq):
    """Quotes, sizes in round lots."""

    quote = {"bid": "bid", "bid_size": "bidsiz", "ask": "ofr", "ask_size": "ofrsiz"}  # noqa: RUF012

    def is_firm(self, row: Row) -> bool:
        """By its condition, where it has one."""
        return row.get("qu_cond", "") in ("", *"ABCHORWY")

    def factor(self, name: str, row: Row) -> float:
        """A lot is 100 shares."""
        return 100.0 if "size" in name and row["date"] < "2025-11-03" else 1.0


class TaqTrades(Taq):
    """Trades."""

    trade = {"price": "price", "size": "size"}  # noqa: RUF012


class Databento(Reading):
    """Databento CSV, raw or pretty, with quotes, prints or both."""

    quote = {  # noqa: RUF012
        "bid": "bid_px_00", "bid_size": "bid_sz_00", "ask": "ask_px_00", "ask_size": "ask_sz_00",
    }  # fmt: skip
    trade = {"price": "price", "size": "size"}  # noqa: RUF012

    def rows(self, text: bytes) -> list[Row]:
        """Tell with each row whether there are prints alone: their books are quotes then."""
        rows = super().rows(text)
        prints = all(self.is_trade(row) for row in rows if not self.left_out(row))
        return [{**row, "prints alone": str(prints)} for row in rows]

    def time(self, row: Row) -> int | None:
        """An integer of nanoseconds, or ISO 8601."""
        cell = row["ts_recv"] if "ts_recv" in row else row["ts_event"]
        return int(cell) if re.fullmatch(r"-?\d+", cell) else moment(cell)

    def venue(self, row: Row) -> str | None:
        """By the publisher's number."""
        return databento.PUBLISHERS.get(row["publisher_id"])

    def factor(self, name: str, row: Row) -> float:
        """A price without a point is in billionths of a dollar."""
        if "size" in name:
            return 1.0
        cell = row[{**self.quote, **self.trade}[name]]
        return 1e-9 if re.fullmatch(r"[+-]?\d+", cell) else 1.0

    def is_mark(self, cell: str) -> bool:
        """2^63 - 1, raw or in dollars."""
        return number(cell) in (float(2**63 - 1), (2**63 - 1) / 1e9)

    def is_trade(self, row: Row) -> bool:
        """A row of action T."""
        return row.get("action") == "T"

    def is_quote(self, row: Row) -> bool:
        """Any other row that touches the best level, or all of a file of prints."""
        if row["prints alone"] == "True":
            return True
        return not self.is_trade(row) and not (number(row.get("depth", "0")) or 0) > 0

    def left_out(self, row: Row) -> bool:
        """Reported by a facility off exchange."""
        return row["publisher_id"] in databento.OFF_EXCHANGE

    def side(self, row: Row) -> int:
        """A is a seller, B a buyer."""
        return {"A": SELLER, "B": BUYER}.get(row["side"], UNKNOWN)


class DatabentoTrades(Databento):
    """Prints alone, without books."""

    quote = {}  # noqa: RUF012
