"""The tape: columnar quotes and trades of one symbol over several venues.

Loaders produce it, everything else consumes it; nothing else knows file formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.zones import NEW_YORK, find_zone

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SECOND = 1_000_000_000
"""Nanoseconds."""

SESSION = (time(9, 30), time(16, 0))
"""Regular trading hours of US equities, the default window of a day."""

BUYER, SELLER, UNKNOWN = 1, -1, 0
"""Aggressor side of a trade."""


@dataclass(frozen=True, eq=False)
class _Columns:
    """Equally long columns that start with time (int64 ns UTC, never falling) and venue index."""

    ts: IntArray
    venue: IntArray

    def __post_init__(self) -> None:
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, column in columns.items():
            kind: type = np.int64 if name in ("ts", "venue", "side") else np.float64
            object.__setattr__(self, name, np.ascontiguousarray(column, dtype=kind))
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"columns differ in length: {lengths}")
        backwards = np.flatnonzero(np.diff(self.ts) < 0)
        if backwards.size:
            raise DataError(
                "time runs backwards", row=int(backwards[0]) + 2, hint="sort the rows by time"
            )

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, eq=False)
class Quotes(_Columns):
    """Top-of-book quotes, one row per update of one venue.

    Attributes
    ----------
    ts : int64 ndarray, shape (n,)
        Nanoseconds UTC, never falling.
    venue : int64 ndarray, shape (n,)
        Index into ``Tape.venues``.
    bid, ask : float64 ndarray, shape (n,)
        Dollars per share; NaN where missing.
    bid_size, ask_size : float64 ndarray, shape (n,)
        Displayed shares (not lots); NaN where missing.
    """

    bid: FloatArray
    bid_size: FloatArray
    ask: FloatArray
    ask_size: FloatArray

    def select(self, rows: slice | BoolArray) -> Quotes:
        """Give some of the rows."""
        return Quotes(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def inverted(self) -> BoolArray:
        """Rows whose two sides are whole and bid >= ask (bool, shape (n,))."""
        both = _whole(self.bid, self.bid_size) & _whole(self.ask, self.ask_size)
        return both & (self.bid >= self.ask)

    @property
    def bid_shown(self) -> BoolArray:
        """Rows that show a bid (bool, shape (n,)).

        A side needs a price and a size, both finite and > 0, and shows whatever the other side
        does; only a row that is `inverted` shows neither.
        """
        return _whole(self.bid, self.bid_size) & ~self.inverted

    @property
    def ask_shown(self) -> BoolArray:
        """Rows that show an ask (bool, shape (n,)), as `bid_shown`."""
        return _whole(self.ask, self.ask_size) & ~self.inverted

    @property
    def two_sided(self) -> BoolArray:
        """Rows that show both sides (bool, shape (n,))."""
        return self.bid_shown & self.ask_shown


def _whole(price: FloatArray, size: FloatArray) -> BoolArray:
    return np.isfinite(price) & (price > 0) & np.isfinite(size) & (size > 0)


@dataclass(frozen=True, eq=False)
class Trades(_Columns):
    """Prints, one row each.

    Attributes
    ----------
    ts, venue : int64 ndarray, shape (n,)
        As in `Quotes`.
    price, size : float64 ndarray, shape (n,)
        Dollars per share, and shares.
    side : int64 ndarray, shape (n,)
        Aggressor: `BUYER`, `SELLER` or `UNKNOWN`.
    """

    price: FloatArray
    size: FloatArray
    side: IntArray


@dataclass(frozen=True, eq=False)
class Tape:
    """Quotes, and trades where known, of one symbol.

    Attributes
    ----------
    venues : tuple of str
        Names (ISO 10383 market identifier codes where the source has them).
    quotes : Quotes
    trades : Trades or None
    symbol : str
    timezone : str
        Where the session's clock hangs (an IANA name); times given without a date are read in it.
    source : str
        The file or generator it came from, for messages.
    left_out : mapping of str to int
        Rows that the loader left out, by reason ("prints off exchange"), for `inspect`.
    emptied : mapping of str to int
        Quotes, sides of quotes and prints whose prices or sizes the loader turned into NaN, by
        reason ("quotes of a halt", "sides with an impossible price"), for `inspect`.
    trades_symbol : str or None
        The symbol that a file of trades beside the quotes names, blank where it names none; None
        where the trades came with the quotes.

    Examples
    --------
    Two updates of A and one of B; sizes are in shares:

    >>> second = 10**9
    >>> quotes = Quotes(
    ...     ts=np.array([0, 1, 2]) * second,
    ...     venue=np.array([0, 1, 0]),
    ...     bid=np.array([9.99, 9.98, 9.99]),
    ...     bid_size=np.array([300.0, 200.0, 100.0]),
    ...     ask=np.array([10.01, 10.00, 10.01]),
    ...     ask_size=np.array([100.0, 500.0, 400.0]),
    ... )
    >>> tape = Tape(("A", "B"), quotes)
    >>> len(tape.quotes)
    3
    """

    venues: tuple[str, ...]
    quotes: Quotes
    trades: Trades | None = None
    symbol: str = ""
    timezone: str = NEW_YORK
    source: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)
    trades_symbol: str | None = None

    def __post_init__(self) -> None:
        try:
            find_zone(self.timezone)
        except ConfigError as error:
            raise DataError(str(error), file=self.source) from None
        if len(set(self.venues)) != len(self.venues):
            raise DataError(f"venue names repeat: {', '.join(self.venues)}", file=self.source)
        for rows in (self.quotes, self.trades):
            if rows is not None and len(rows):
                last = len(self.venues) - 1
                outside = np.flatnonzero((rows.venue < 0) | (rows.venue > last))
                if outside.size:
                    wrong = rows.venue[outside[0]]
                    raise DataError(f"venue index {wrong} is outside 0..{last}", file=self.source)

    @property
    def zone(self) -> ZoneInfo:
        """The session's time zone."""
        return find_zone(self.timezone)

    def fingerprint(self) -> str:
        """SHA-256 over venues and all columns: the same data gives the same text anywhere."""
        digest = hashlib.sha256(repr((self.venues, self.symbol, self.timezone)).encode())
        for rows in (self.quotes, self.trades):
            columns: list[Any] = (
                [] if rows is None else [getattr(rows, f.name) for f in fields(rows)]
            )
            for column in columns:
                digest.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()
