"""What would change the conclusion about the static router, measured on one real day.

python benchmarks/conclusion.py QUOTES --trades TRADES

The tables, in Markdown, are those of docs/conclusion.md. The trades are a TAQ file: what is printed
off exchange is read from it here, since a tape leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from day import (
    BANDS,
    LAYOUT,
    MINUTE,
    REFILLS,
    SIDES,
    arguments,
    booked,
    contest_table,
    laid,
    load,
    market_of,
    markdown,
)

from sor_opt.backtest.market import Market
from sor_opt.market.feed import last_rows
from sor_opt.market.loaders.taq import AUCTION_CONDITIONS, OFF_EXCHANGE
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray, Tape
from sor_opt.models.venues import NoFees
from sor_opt.models.windows import look_at

SIZES = (1000, 2000, 5000, 10_000, 20_000)
HORIZONS = (3, 5, 9, 15, 30)
"""Minutes; those beyond ten start as often as they last."""
NEARBY = (-20, -5, -1, 0, 1, 5, 20)
"""Milliseconds from a print at whose quotes it is looked for, too."""
REACHES = (0, 2, 10, 100)
"""Basis points beyond the best ask."""
BPS = 1e4


def variants(tape: Tape) -> Iterator[tuple[str, Mapping[str, Market]]]:
    """Say what is changed, and give the markets."""
    day = market_of(tape)
    yield "size", laid(tape, {f"{size:,}": replace(LAYOUT, size=float(size)) for size in SIZES})
    horizons = {
        f"{length} min": replace(LAYOUT, horizon=length * MINUTE, every=max(length, 10) * MINUTE)
        for length in HORIZONS
    }
    yield "horizon", laid(tape, horizons)
    early = day.orders.starts < day.orders.starts[0] + 60 * MINUTE
    yield (
        "time of day",
        {
            f"first hour, {early.sum()} orders": day.select(np.flatnonzero(early)),
            f"the rest, {(~early).sum()}": day.select(np.flatnonzero(~early)),
        },
    )
    yield "side", laid(tape, SIDES)
    yield "refill", booked(tape, REFILLS)
    yield "band", booked(tape, BANDS)
    yield "fees", {"packaged": day, "none": market_of(tape, fees=NoFees())}


def session(market: Market) -> tuple[int, int]:
    """When a day's orders open, and when they close; nanoseconds UTC."""
    return int(market.orders.starts[0]), int(market.orders.deadlines[0])


def displayed(market: Market) -> str:
    """Shares displayed up to some basis points beyond the best ask, at each second of the day."""
    opens, closes = session(market)
    times = np.arange(opens, closes, SECOND)
    feed, venues = market.feed, len(market.tape.venues)
    rows = last_rows(feed, venues, times, np.full(len(times), market.orders.midnights[0]))
    shown = (rows >= 0) & (feed["ask_size"][rows] > 0)
    ask = np.where(shown, feed["ask"][rows], np.inf)
    best = ask.min(axis=1, keepdims=True)
    table = []
    for reach in REACHES:
        near = ask <= best * (1 + reach / BPS) + 1e-9
        shares = np.where(near, feed["ask_size"][rows], 0.0).sum(axis=1)
        low, median, high = np.quantile(shares, (0.1, 0.5, 0.9))
        table.append([f"{reach} bps", f"{low:,.0f}", f"{median:,.0f}", f"{high:,.0f}"])
    return markdown(
        ["within, of the best ask", "a tenth of the time below", "median", "a tenth above"], table
    )


def hidden(market: Market, venue: str) -> str:
    """Volume of a venue that is printed inside its own quote, by how the two are matched."""
    opens, closes = session(market)
    number, prints = market.tape.venues.index(venue), market.prints
    mine = (prints["venue"] == number) & (prints["ts"] >= opens) & (prints["ts"] < closes)
    prints = prints[mine]

    def quoted(shift: int) -> tuple[FloatArray, FloatArray]:
        times = prints["ts"] + shift
        since = np.full(len(times), market.orders.midnights[0])
        rows = last_rows(market.feed, len(market.tape.venues), times, since)[:, number]
        row = market.feed[rows]
        whole = (rows >= 0) & (row["bid_size"] > 0) & (row["ask_size"] > 0)
        return np.where(whole, row["bid"], np.nan), np.where(whole, row["ask"], np.nan)

    def inside(*shifts: int) -> BoolArray:
        quotes = [quoted(shift) for shift in shifts]
        return np.all(
            [(bid < prints["price"]) & (prints["price"] < ask) for bid, ask in quotes], axis=0
        )

    matched = {
        "the last one before its millisecond": inside(-1),
        "that one, and the last one of its millisecond": inside(-1, 0),
        "these, and those 1, 5 and 20 ms before and after": inside(
            -1, *(ms * 10**6 for ms in NEARBY)
        ),
    }
    bid, ask = quoted(-1)
    better = np.minimum(prints["price"] - bid, ask - prints["price"]) / prints["price"] * BPS
    volume = prints["shares"]
    table = []
    for name, which in matched.items():
        share, gain = (
            volume[which].sum() / volume.sum(),
            np.average(better[which], weights=volume[which]),
        )
        table.append([name, f"{share:.1%}", f"{gain:.2f}", f"{share * gain:.2f}"])
    heading = [
        f"inside {venue}'s quote",
        "of its volume",
        "better than the near side, bps",
        "over all its volume",
    ]
    return markdown(heading, table)


def read_all_prints(path: Path) -> pd.DataFrame:
    """Read a file of TAQ trades: ts (ns UTC), shares, price, off_exchange, auction."""
    rows = pd.read_csv(path)
    rows = rows.rename(columns={"TIME_M": "TIME", "TR_SCOND": "COND", "TR_CORR": "CORR"})
    rows = rows[rows["CORR"] == 0]
    local = pd.to_datetime(rows["DATE"] + " " + rows["TIME"]).dt.tz_localize("America/New_York")
    auction = rows["COND"].fillna("").str.contains(f"[{AUCTION_CONDITIONS}]")
    return pd.DataFrame(
        {
            "ts": local.astype("datetime64[ns, UTC]").astype("int64"),
            "shares": rows["SIZE"].astype(float),
            "price": rows["PRICE"],
            "off_exchange": rows["EX"] == OFF_EXCHANGE,
            "auction": auction,
        }
    )


def off_exchange(market: Market, prints: pd.DataFrame) -> str:
    """The part of the volume that is printed off exchange, by what is counted."""
    opens, closes = session(market)
    during = (prints["ts"] >= opens) & (prints["ts"] < closes)
    counted = {
        "the session, without auctions": during & ~prints["auction"],
        "the whole day, without auctions": ~prints["auction"],
        "the whole day, with auctions": during | True,
    }
    table = []
    for name, which in counted.items():
        rows = prints[which]
        share = rows["shares"][rows["off_exchange"]].sum() / rows["shares"].sum()
        table.append([name, f"{rows['shares'].sum():,.0f}", f"{share:.1%}"])
    return markdown(["counted", "shares", "off exchange"], table)


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__)
    tape = load(given)
    for what, markets in variants(tape):
        print(f"\n{contest_table(what, markets)}", flush=True)
    day = market_of(tape)
    print(f"\n{displayed(day)}\n\n{hidden(day, 'XNYS')}")
    print(f"\n{off_exchange(day, read_all_prints(given.trades))}")


if __name__ == "__main__":
    main()
