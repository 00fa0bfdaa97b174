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
    RULES,
    SIDES,
    Session,
    arguments,
    booked,
    laid,
    load,
    markdown,
    market_of,
    ruled,
    savings_row,
    savings_table,
)

from sor_opt.backtest.backtest import run
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import Market
from sor_opt.market.book import BookParams
from sor_opt.market.loaders.taq import AUCTION_CONDITIONS, OFF_EXCHANGE, STANDING
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, Tape
from sor_opt.market.zones import NEW_YORK
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import NoFees
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now

SIZES = (1000, 2000, 5000, 10_000, 20_000)
HORIZONS = (3, 5, 9, 15, 30)
"""Minutes; orders of more than ten start as often as they last."""
LATENCIES = (0, 1, 5, 20, 50, 100, 200, 500)
"""Milliseconds."""
DEFAULT = RiskParams()
DISTANCES = (2, 5, 10, 20)
"""Basis points above the arrival mid."""
THRESHOLDS = (1.5, 2.5, 3.5, 5.5, 11.0, 21.0)
"""Basis points of the mid: lambda_under + theta_queue."""
NEARBY = tuple(ms * 10**6 for ms in (-20, -5, -1, 0, 1, 5, 20))
"""Nanoseconds from a print at whose quotes it is looked for, too."""
REACHES = (0, 2, 10, 100)
"""Basis points beyond the best ask."""
OFFICIAL = "[MQ9]"
"""Conditions of a venue's official opening and closing prices."""
BPS = 1e4


def variants(tape: Tape, elsewhere: float) -> Iterator[tuple[str, Mapping[str, Market]]]:
    """Say what is changed, and give the markets; a part of the volume trades elsewhere."""
    day = market_of(tape)
    usual = np.median([volume_during(day, start) for start in day.orders.starts])
    sizes = {f"{size:,} ({size / usual:.0%})": replace(LAYOUT, size=float(size)) for size in SIZES}
    yield "shares (of the volume)", laid(tape, sizes)
    horizons = {
        f"{length} min": replace(LAYOUT, horizon=length * MINUTE, every=max(length, 10) * MINUTE)
        for length in HORIZONS
    }
    yield "horizon", laid(tape, horizons)
    early = day.orders.starts < day.orders.starts[0] + 60 * MINUTE
    hours = {"first hour": early, "the rest": ~early}
    yield "time of day", {name: day.select(np.flatnonzero(mine)) for name, mine in hours.items()}
    yield "side", laid(tape, SIDES)
    yield "refill", booked(tape, REFILLS)
    yield "band", booked(tape, BANDS)
    narrow = {name: BANDS[name] for name in ("100 bps", "20 bps", "10 bps")}
    large = replace(LAYOUT, size=float(max(SIZES)))
    yield f"band, {max(SIZES):,} shares", booked(tape, narrow, large)
    yield "fees", {"packaged": day, "none": market_of(tape, fees=NoFees())}
    delays = {f"{ms} ms": Latency(ms * 10**6) for ms in LATENCIES}
    there = {name: replace(RULES, latency=delay) for name, delay in delays.items()}
    yield "latency of orders", ruled(tape, there)
    both = {
        name: replace(RULES, latency=delay, feed_latency=delay) for name, delay in delays.items()
    }
    yield "latency of orders and of quotes", ruled(tape, both)
    rest = round(LAYOUT.size * (1 - elsewhere))
    yield "of 5,000 on the venues", laid(tape, {f"{rest:,}": replace(LAYOUT, size=float(rest))})


def volume_during(market: Market, start: int) -> float:
    """Shares printed on the venues while an order lasts."""
    ts, horizon = market.prints["ts"], market.orders.horizon
    return float(market.prints["shares"][(ts > start) & (ts <= start + horizon)].sum())


def distances(market: Market) -> str:
    """How far from the arrival mid each router buys, and what that costs of its shortfall."""
    columns = []
    for router in (BestAsk(), Static()):
        log = run(market, Policy(Now(), router)).replay
        bps = BPS * (log.price / log.arrival_mid[log.order] - 1)
        part = log.shares / log.shares.sum()
        which = np.digitize(bps, DISTANCES)
        shares = np.bincount(which, part, len(DISTANCES) + 1)
        costs = np.bincount(which, part * bps, len(DISTANCES) + 1)
        columns += [[f"{share:.0%}" for share in shares], [f"{cost:.2f}" for cost in costs]]
    names = [f"below {DISTANCES[0]}", *(f"from {low}" for low in DISTANCES)]
    heading = ["bps above the arrival mid", "best-ask's shares", "bps", "static's shares", "bps"]
    return markdown(heading, zip(names, *columns, strict=True))


def thresholds(tape: Tape, book: BookParams) -> Iterator[list[str]]:
    """Rows of the static router with other prices up to which it takes."""
    market = market_of(tape, rules=replace(RULES, book=book))
    for bps in THRESHOLDS:
        risk = replace(DEFAULT, lambda_under=bps / BPS - DEFAULT.theta_queue)
        yield savings_row(f"{bps:g} bps", market, Static(risk))


def displayed(day: Session) -> str:
    """Shares displayed up to some basis points beyond the best ask, at each second of the day."""
    quotes = day.quotes(np.arange(*day.bounds, SECOND))
    best = np.nanmin(quotes["ask"], axis=1, keepdims=True)
    rows = []
    for reach in REACHES:
        near = quotes["ask"] <= best * (1 + reach / BPS) + 1e-9
        shares = np.where(near, quotes["ask_size"], 0.0).sum(axis=1)
        low, median, high = np.quantile(shares, (0.1, 0.5, 0.9))
        rows.append([f"{reach} bps", f"{low:,.0f}", f"{median:,.0f}", f"{high:,.0f}"])
    return markdown(["from the best ask", "lowest tenth", "median", "highest tenth"], rows)


def hidden(day: Session, venue: str) -> str:
    """Volume of a venue that is printed inside its own quote, by how the two are matched."""
    market = day.market
    number, prints = market.tape.venues.index(venue), market.prints
    prints = prints[(prints["venue"] == number) & day.during(prints["ts"])]
    price, volume = prints["price"], prints["shares"]

    def inside(*shifts: int) -> BoolArray:
        quotes = [day.quotes(prints["ts"] + shift)[:, number] for shift in shifts]
        each = [(quote["bid"] < price) & (price < quote["ask"]) for quote in quotes]
        all_of_them: BoolArray = np.all(each, axis=0)
        return all_of_them

    matched = {
        "before the print's millisecond": inside(-1),
        "and at its end": inside(-1, 0),
        "and 1, 5 and 20 ms before and after": inside(-1, *NEARBY),
    }
    before = day.quotes(prints["ts"] - 1)[:, number]
    better = BPS * np.fmin(price - before["bid"], before["ask"] - price) / price
    rows = []
    for name, which in matched.items():
        share = volume[which].sum() / volume.sum()
        gain = np.average(better[which], weights=volume[which])
        rows.append([name, f"{share:.1%}", f"{gain:.2f}", f"{share * gain:.2f}"])
    return markdown(["inside the quotes", "of the volume", "better by, bps", "x share"], rows)


def read_all_prints(path: Path) -> pd.DataFrame:
    """Read a file of TAQ trades: ts (ns UTC), price, shares, off_exchange, auction.

    Cancelled and official prints are left out: the latter tell an auction's volume a second time.
    """
    rows = pd.read_csv(path)
    rows = rows.rename(columns={"TIME_M": "TIME", "TR_SCOND": "COND", "TR_CORR": "CORR"})
    rows["COND"] = rows["COND"].fillna("")
    rows = rows[rows["CORR"].isin(STANDING) & ~rows["COND"].str.contains(OFFICIAL)]
    local = pd.to_datetime(rows["DATE"] + " " + rows["TIME"]).dt.tz_localize(NEW_YORK)
    return pd.DataFrame(
        {
            "ts": local.astype("datetime64[ns, UTC]").astype("int64"),
            "price": rows["PRICE"],
            "shares": rows["SIZE"].astype(float),
            "off_exchange": rows["EX"] == OFF_EXCHANGE,
            "auction": rows["COND"].str.contains(f"[{AUCTION_CONDITIONS}]"),
        }
    )


def off_exchange(prints: pd.DataFrame) -> float:
    """The part of some volume that is printed off exchange."""
    return float(prints["shares"][prints["off_exchange"]].sum() / prints["shares"].sum())


def counted(day: Session, prints: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Prints of which the part off exchange is told."""
    traded = prints[~prints["auction"]]
    return {
        "the session, without auctions": traded[day.during(traded["ts"].to_numpy())],
        "the whole day, without auctions": traded,
        "the whole day, with auctions": prints,
    }


def price_off_exchange(day: Session, prints: pd.DataFrame) -> str:
    """Where prints off exchange lie within the best quotes of before their millisecond."""
    rows = prints[prints["off_exchange"]]
    times, price = rows["ts"].to_numpy() - 1, rows["price"].to_numpy()
    quotes = day.quotes(times)
    bid, ask = np.nanmax(quotes["bid"], axis=1), np.nanmin(quotes["ask"], axis=1)
    mid, half = (bid + ask) / 2, (ask - bid) / 2

    def mean(values: FloatArray | BoolArray) -> float:
        return float(np.average(values, weights=rows["shares"]))

    found = {
        "at the mid": f"{mean(np.abs(price - mid) < 1e-6):.0%} of the volume",
        "inside the best quotes": f"{mean((bid < price) & (price < ask)):.0%} of the volume",
        "half the best quotes' spread": f"{mean(BPS * half / mid):.2f} bps",
        "distance from the mid": f"{mean(BPS * np.abs(price - mid) / mid):.2f} bps",
    }
    return markdown(["off exchange", "in the session"], found.items())


def tables(tape: Tape, prints: pd.DataFrame) -> Iterator[str]:
    """All tables of the page."""
    day = Session(market_of(tape))
    parts = counted(day, prints)
    continuous = next(iter(parts.values()))
    for what, markets in variants(tape, off_exchange(continuous)):
        yield savings_table(what, [savings_row(*each) for each in markets.items()])
    for band in ("100 bps", "10 bps"):
        yield savings_table(f"threshold, band {band}", thresholds(tape, BANDS[band]))
    yield distances(day.market)
    yield displayed(day)
    yield hidden(day, "XNYS")
    rows = [
        [name, f"{each['shares'].sum():,.0f}", f"{off_exchange(each):.1%}"]
        for name, each in parts.items()
    ]
    yield markdown(["counted", "shares", "off exchange"], rows)
    yield price_off_exchange(day, continuous)


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__)
    for table in tables(load(given), read_all_prints(given.trades)):
        print(f"\n{table}", flush=True)


if __name__ == "__main__":
    main()
