"""What the scripts about one real day share: its orders, the policies held on it, their tables."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sor_opt.backtest.contest import Entry, hold_contest
from sor_opt.backtest.intervals import savings
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import mean_of, risk_of
from sor_opt.market.book import BookParams
from sor_opt.market.feed import Records, last_rows
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND, BoolArray, IntArray, Tape
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.pro_rata import ProRata
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap

MINUTE = 60 * SECOND
LAYOUT = OrderParams(every=10 * MINUTE)
RULES = ReplayParams()
FEES = FeeSchedule.packaged()

BANDS = {
    "none": BookParams(band=None),
    **{f"{band} bps": BookParams(band=float(band)) for band in (200, 100, 50, 20, 10)},
}
REFILLS = {
    "price": BookParams(),
    "price:1s": BookParams(refill_memory=SECOND),
    "update": BookParams(refill="update"),
    "every-snapshot": BookParams(refill="every-snapshot"),
}
SIDES = {"buy": LAYOUT, "sell": replace(LAYOUT, side="sell")}

SCHEDULES = (Now(), Twap())
STATIC = Static()
ROUTERS = (BestAsk(), Sweep(), ProRata(), STATIC)


def arguments(about: str) -> argparse.Namespace:
    """Read a script's arguments: a file of quotes, and one of trades."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("quotes", type=Path)
    parser.add_argument("--trades", type=Path, required=True)
    return parser.parse_args()


def load(given: argparse.Namespace) -> Tape:
    """Load the tape that the arguments name."""
    return load_tape(given.quotes, given.trades)


def market_of(
    tape: Tape, orders: OrderParams = LAYOUT, rules: ReplayParams = RULES, fees: FeeSchedule = FEES
) -> Market:
    """Prepare a tape; all defaults but orders every ten minutes."""
    return prepare(tape, make_orders(tape, orders), rules, fees)


def laid(tape: Tape, layouts: Mapping[str, OrderParams]) -> dict[str, Market]:
    """Markets that differ in their orders."""
    return {name: market_of(tape, layout) for name, layout in layouts.items()}


def ruled(
    tape: Tape, rules: Mapping[str, ReplayParams], orders: OrderParams = LAYOUT
) -> dict[str, Market]:
    """Markets that differ in a replay's rules."""
    return {name: market_of(tape, orders, each) for name, each in rules.items()}


def booked(
    tape: Tape, books: Mapping[str, BookParams], orders: OrderParams = LAYOUT
) -> dict[str, Market]:
    """Markets that differ in which quotes count."""
    return ruled(tape, {name: replace(RULES, book=book) for name, book in books.items()}, orders)


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def contest_table(what: str, markets: Mapping[str, Market]) -> str:
    """Every schedule and router: mean (sd; worst tenth), and what static saves; bps.

    Behind it how many orders are not filled ("8 short"), which are in no saving.
    """
    heading = [what, "schedule", *(router.name for router in ROUTERS), "static saves"]
    rows = []
    for name, market in markets.items():
        for schedule in SCHEDULES:
            entries = hold_contest(market, [Policy(schedule, router) for router in ROUTERS])
            costs = [_cost(entry.result) for entry in entries]
            rows.append([name, schedule.name, *costs, _saved(entries[-1])])
    return markdown(heading, rows)


def savings_table(what: str, rows: Iterable[Sequence[str]]) -> str:
    """What static saves on best-ask under the same schedule, with both means; see `savings_row`."""
    heading = [what, "orders"]
    for schedule in SCHEDULES:
        heading += [f"{schedule.name} x {router}" for router in (BestAsk.name, Static.name)]
        heading.append("saves")
    return markdown(heading, rows)


def savings_row(name: str, market: Market, router: Static = STATIC) -> list[str]:
    """A row of a table of savings; bps."""
    cells = [name, str(len(market.orders))]
    for entry in hold_contest(market, [Policy(schedule, router) for schedule in SCHEDULES]):
        means = (mean_of(each.shortfall_bps) for each in (entry.reference, entry.result))
        cells += [*(f"{mean:.2f}" for mean in means), _saved(entry)]
    return cells


def _cost(result: Result) -> str:
    costs, missing = result.shortfall_bps, int((~result.complete).sum())
    risk = risk_of(costs)
    text = f"{mean_of(costs):.2f} ({risk.sd:.1f}; {risk.cvar:.1f})"
    return f"{text} {missing} short" if missing else text


def _saved(entry: Entry) -> str:
    saved = savings(entry.result, entry.reference)
    bounds = f" [{saved.low:.2f}, {saved.high:.2f}]" if saved.basis else ""
    return f"{saved.mean:.2f}{bounds}"


@dataclass(frozen=True)
class Session:
    """A market of one day, and its quotes during continuous trading."""

    market: Market

    @property
    def bounds(self) -> tuple[int, int]:
        """When the first order starts, and when the last one must end; nanoseconds UTC."""
        return int(self.market.orders.starts[0]), int(self.market.orders.deadlines[-1])

    def during(self, ts: IntArray) -> BoolArray:
        """Which times are within."""
        opens, closes = self.bounds
        return (ts >= opens) & (ts < closes)

    def midnights(self, times: IntArray) -> IntArray:
        """The day's begin, once for each time."""
        return np.full(len(times), self.market.orders.midnights[0])

    def quotes(self, times: IntArray) -> Records:
        """Each venue's last quote at some times, shape (n, K); NaN and 0 where a side is empty."""
        feed = self.market.feed
        rows = last_rows(feed, len(self.market.tape.venues), times, self.midnights(times))
        found = feed[rows].copy()
        for side in ("bid", "ask"):
            empty = (rows < 0) | (found[f"{side}_size"] == 0)
            found[side][empty], found[f"{side}_size"][empty] = np.nan, 0.0
        return found
