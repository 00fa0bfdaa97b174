"""What each default of a replay changes on one real day, as tables in Markdown.

python benchmarks/defaults.py QUOTES --trades TRADES

The tables are those of docs/defaults.md: one default at a time is changed, all others hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from day import (
    BANDS,
    REFILLS,
    RULES,
    SIDES,
    Session,
    arguments,
    booked,
    contest_table,
    laid,
    load,
    markdown,
    market_of,
    ruled,
    savings_row,
    savings_table,
)

from sor_opt.backtest.market import Market
from sor_opt.backtest.orders import OrderParams
from sor_opt.market.book import BookParams
from sor_opt.market.tape import SECOND, Quotes, Tape

AGES = (60, 10, 2, 0.5)
SLICES = (10, 30, 60, 180)
"""Seconds."""
LARGE = 100_000.0
"""Shares, more than the market shows in nine minutes: some are completed, or left unfilled."""


def without_one_sided(quotes: Quotes) -> Quotes:
    """Leave rows of one side out: the venue's older quote stays."""
    return quotes.select(quotes.bid_shown == quotes.ask_shown)


def with_one_sided_emptied(quotes: Quotes) -> Quotes:
    """Let rows of one side show nothing."""
    one = quotes.bid_shown != quotes.ask_shown
    bid_size, ask_size = (np.where(one, 0.0, size) for size in (quotes.bid_size, quotes.ask_size))
    return replace(quotes, bid_size=bid_size, ask_size=ask_size)


def until_the_horizon(market: Market) -> Market:
    """Let the orders end with their horizon: nothing is completed."""
    orders = market.orders
    return replace(market, orders=replace(orders, deadlines=orders.starts + orders.horizon))


def variants(tape: Tape, orders: OrderParams) -> Iterator[tuple[str, Mapping[str, Market]]]:
    """Say what is changed, and give the markets."""
    yield "band", booked(tape, BANDS, orders)
    yield "refill", booked(tape, REFILLS, orders)
    quotes = {
        "each side alone": tape.quotes,
        "row left out": without_one_sided(tape.quotes),
        "both empty": with_one_sided_emptied(tape.quotes),
    }
    yield (
        "one side",
        {name: market_of(replace(tape, quotes=rows), orders) for name, rows in quotes.items()},
    )
    ages = {f"{age:g} s": BookParams(round(age * SECOND)) for age in AGES}
    yield "age limit", booked(tape, {"none": BookParams(), **ages}, orders)
    slices = {f"{length} s": replace(RULES, slice=length * SECOND) for length in SLICES}
    yield "slice", ruled(tape, slices, orders)
    large = replace(orders, size=LARGE)
    ways = {name: replace(RULES, completion=name) for name in ("sweep", "best-ask")}
    yield "completion", ruled(tape, ways, large)
    marks = {mark: replace(RULES, unfilled=mark) for mark in ("ask", "mid")}
    markets = ruled(tape, marks, large)
    yield "unfilled", {mark: until_the_horizon(market) for mark, market in markets.items()}


def after_trades(day: Session) -> str:
    """What asks do at a venue's updates, and after trades that took all that was displayed."""
    counts = {}
    for number, venue in enumerate(day.market.tape.venues):
        feed, prints = (
            each[(each["venue"] == number) & day.during(each["ts"])]
            for each in (day.market.feed, day.market.prints)
        )
        stays = (feed["ask"][1:] == feed["ask"][:-1]) & (feed["ask_size"][1:] > 0)
        at_ask = prints[prints["price"] == day.quotes(prints["ts"] - 1)[:, number]["ask"]]
        times, which = np.unique(at_ask["ts"], return_inverse=True)
        before, later = (day.quotes(times + shift)[:, number] for shift in (-1, SECOND))
        emptied = np.bincount(which, at_ask["shares"], len(times)) >= before["ask_size"]
        again = emptied & (later["ask"] == before["ask"])
        counts[venue] = np.array([len(stays), stays.sum(), emptied.sum(), again.sum()])
    counts["all"] = np.sum(list(counts.values()), axis=0)
    rows = [
        [venue, f"{updates:,}", f"{stay / updates:.0%}", f"{taken:,}", f"{again / taken:.0%}"]
        for venue, (updates, stay, taken, again) in counts.items()
    ]
    heading = ["venue", "updates", "that leave the ask", "asks taken whole", "same ask 1 s later"]
    return markdown(heading, rows)


def main() -> None:
    """Measure and print."""
    tape = load(arguments(__doc__))
    print(contest_table("side", laid(tape, SIDES)))
    for what, markets in variants(tape, SIDES["buy"]):
        print(f"\n{contest_table(what, markets)}", flush=True)
    print(f"\n{after_trades(Session(market_of(tape)))}")
    rows = [
        savings_row(f"{what}: {name}", market)
        for what, markets in variants(tape, SIDES["sell"])
        for name, market in markets.items()
    ]
    print(f"\n{savings_table('to sell', rows)}")


if __name__ == "__main__":
    main()
