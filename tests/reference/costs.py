"""Transaction costs in true prices, execution by execution, from their definitions."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from reference.book import Book, read_rows
from sor_opt.backtest.result import Result
from sor_opt.market.book import BookParams
from sor_opt.market.tape import Quotes

HORIZONS = (0.05, 1, 15, 60, 300)
"""Seconds."""


@dataclass(frozen=True)
class Cost:
    """One execution's costs, dollars per share; NaN where a mid is not known."""

    quoted: float
    effective: float
    improvement: float
    realised: tuple[float, ...]
    impact: tuple[float, ...]


def costs_of(result: Result) -> list[Cost]:
    """The costs of every execution of a result, in the log's order."""
    market, log = result.market, result.executions()
    days: dict[int, BestQuotes] = {}
    costs = []
    for ts, order, side, price, reason in zip(
        log["ts"].astype("int64").tolist(),
        *(log[name].tolist() for name in ("order", "side", "price", "reason")),
        strict=True,
    ):
        midnight, closes = (
            int(times[order]) for times in (market.orders.midnights, market.orders.deadlines)
        )
        if midnight not in days:
            days[midnight] = BestQuotes(market.tape.quotes, market.params.book, midnight)
        # A print comes before the rows of its time, what takes after them.
        bid, ask = days[midnight].at(ts - 1 if reason == "limit" else ts)
        now = (bid + ask) / 2
        later = []
        for seconds in HORIZONS:
            then = ts + round(seconds * 1e9)
            later.append(math.nan if then > closes else sum(days[midnight].at(then)) / 2)
        sign = 1 if side == "buy" else -1
        costs.append(
            Cost(
                quoted=(ask - bid) / 2,
                effective=sign * (price - now),
                improvement=(
                    math.nan if reason == "limit" else ask - price if sign > 0 else price - bid
                ),
                realised=tuple(sign * (price - mid) for mid in later),
                impact=tuple(sign * (mid - now) for mid in later),
            )
        )
    return costs


class BestQuotes:
    """Best bid and ask of one day's last book that could be traded on, at any time."""

    def __init__(self, quotes: Quotes, params: BookParams, midnight: int) -> None:
        self._params = params
        self._venues = int(quotes.venue.max(initial=0)) + 1
        self._rows = [row for row in read_rows(quotes, "buy") if row.ts >= midnight]
        self._stamps = [row.ts for row in self._rows]
        self._times = sorted(set(self._stamps))
        self._book, self._applied = Book(self._venues, params), 0
        self._seen: list[tuple[float, float]] = []

    def at(self, now: int) -> tuple[float, float]:
        """The prices at a time, its own rows included; NaN where there are none."""
        until = bisect_right(self._times, now)
        while len(self._seen) < until:
            self._look_at(self._times[len(self._seen)])
        standing = self._seen[until - 1] if until else (math.nan, math.nan)
        return self._aged(now, until) or standing

    def _look_at(self, ts: int) -> None:
        while self._applied < len(self._rows) and self._rows[self._applied].ts <= ts:
            self._book.apply(self._rows[self._applied])
            self._applied += 1
        look = self._book.look(ts)
        last = self._seen[-1] if self._seen else (math.nan, math.nan)
        self._seen.append((look.best_bid, look.best_ask) if look.condition == "tradable" else last)

    def _aged(self, now: int, until: int) -> tuple[float, float] | None:
        """What the book has become since its last row, by the age of its quotes alone."""
        if self._params.max_quote_age is None or not until:
            return None
        book = Book(self._venues, self._params)
        for row in self._rows[: bisect_right(self._stamps, now)]:
            book.apply(row)
        look = book.look(now)
        return (look.best_bid, look.best_ask) if look.condition == "tradable" else None
