"""Random markets, and every policy on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

import numpy as np

from reference.routers import SPLITS
from reference.schedules import DUE
from sor_opt.backtest.impact import Impact
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import ParentOrders
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.book import BookParams
from sor_opt.market.tape import SECOND, Quotes, Tape, Trades
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import Fee, FeeSchedule
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.schedules.pov import Pov

OPENING = 1_514_903_400 * SECOND
"""2018-01-02 09:30:00 in New York; the times of rows count from it."""
BEFORE, AFTER = 300, 200
"""Seconds of quotes before and after the opening."""
VENUES = ("A", "B", "C")

Row = tuple[float, int, float, float, float, float]
"""Seconds, venue, bid, bid size, ask, ask size."""
Print = tuple[float, int, float, float, int]
"""Seconds, venue, price, size, aggressor."""

SIZES = (7.0, 50.0, 100.0, 100.0, 130.0, 250.0, 600.0, 0.25, 41.75)
LATENCIES = (0.0, 0.25, 0.5, 1.0, 3.0, 12.0)
FEES = (-0.0005, 0.0, 0.001, 0.003)


@dataclass(frozen=True)
class Scene:
    """What a market is made from; times are seconds after the opening, latencies seconds too."""

    rows: list[Row]
    prints: list[Print]
    side: str = "buy"
    size: float = 200.0
    horizon: int = 60
    starts: tuple[float, ...] = (0.0,)
    deadline: int = 600
    slice: int = 30
    taker: tuple[float, ...] = (0.0, 0.0, 0.0)
    rebate: tuple[float, ...] = (0.0, 0.0, 0.0)
    book: BookParams = field(default_factory=BookParams)
    completion: str = "sweep"
    latency: tuple[float, ...] = (0.0, 0.0, 0.0)
    feed_latency: tuple[float, ...] = (0.0, 0.0, 0.0)
    impact: Impact | None = None

    def market(self) -> Market:
        """Make it ready for a replay."""
        columns = np.array(self.rows, dtype=np.float64).reshape(-1, 6).T
        quotes = Quotes(_times(columns[0]), columns[1].astype(np.int64), *columns[2:])
        printed = np.array(self.prints, dtype=np.float64).reshape(-1, 5).T
        trades = Trades(
            _times(printed[0]),
            printed[1].astype(np.int64),
            printed[2],
            printed[3],
            printed[4].astype(np.int64),
        )
        starts = _times(np.array(self.starts))
        orders = ParentOrders(
            self.side,  # type: ignore[arg-type]
            self.size,
            self.horizon * SECOND,
            starts,
            np.full(len(starts), OPENING + self.deadline * SECOND, np.int64),
            np.full(len(starts), OPENING - 34_200 * SECOND, np.int64),
        )
        fees = FeeSchedule(
            Fee(venue, date(2018, 1, 1), taker, rebate)
            for venue, taker, rebate in zip(VENUES, self.taker, self.rebate, strict=True)
        )
        params = ReplayParams(
            self.book,
            self.slice * SECOND,
            self.completion,  # type: ignore[arg-type]
            latency=_latency(self.latency),
            feed_latency=_latency(self.feed_latency),
            impact=self.impact,
        )
        return prepare(Tape(VENUES, quotes, trades), orders, params, fees)


def _times(seconds: np.ndarray) -> np.ndarray:
    return OPENING + np.round(seconds * SECOND).astype(np.int64)


def _latency(seconds: tuple[float, ...]) -> Latency | None:
    """None where nothing takes any time: that is another path than a latency of 0."""
    times = [round(time * SECOND) for time in seconds]
    return Latency(None, tuple(zip(VENUES, times, strict=True))) if any(times) else None


def draw_rows(random: Random) -> list[Row]:
    """Quotes around 10 dollars: some one-sided, inverted, locked, crossed or far from the rest."""
    center, stubs = 1000, random.choice((True, False))
    rows: list[Row] = []
    for second in _seconds(random, random.randint(5, 70), -BEFORE // 3, AFTER):
        center += random.choice((0, 0, 0, -1, 1))
        bid = center + random.choice((-2, -1, 0, 0, 0, 1, 2))
        ask = bid + random.choice((1, 1, 2, 3, 3, 6, 0) if random.randint(0, 9) else (-1, 0, 12))
        bid_size, ask_size = (random.choice(SIZES) for _ in range(2))
        if stubs and random.randint(0, 7) == 0:
            bid, ask = random.choice(((bid - 400, ask), (bid, ask + 400), (bid - 300, ask + 500)))
        odd = random.randint(0, 11)
        numbers = [bid / 100, bid_size, ask / 100, ask_size]
        if odd < 4:  # one side is empty, told in one of several ways
            numbers[odd] = random.choice((0.0, float("nan"), -1.0, float("inf")))
        rows.append((second, random.randrange(3), *numbers))
    return rows


def draw_liquid_rows(random: Random) -> list[Row]:
    """Quotes that seldom cross, from long before the orders: there is a past to learn from."""
    rows: list[Row] = []
    for second in _seconds(random, random.randint(20, 80), -BEFORE, AFTER):
        bid, spread = random.choice((998, 999, 999, 1000)), random.choice((1, 2, 3))
        ask = max(bid + spread, 1000)
        sizes = [random.choice((10.0, 50.0, 100.0, 250.0, 600.0, 41.75)) for _ in range(2)]
        sizes[random.randint(0, 1)] *= random.choice((0, 1, 1, 1, 1, 1))
        rows.append((second, random.randrange(3), bid / 100, sizes[0], ask / 100, sizes[1]))
    return rows


def _seconds(random: Random, count: int, first: int, last: int) -> list[float]:
    grid = random.choice((1, 10))  # on the coarse one rows meet, and memories end when rows come
    return sorted(float(random.randint(first, last) // grid * grid) for _ in range(count))


def draw_prints(random: Random, rows: list[Row]) -> list[Print]:
    """Trades at and around prices that were quoted; some the day before."""
    sides = random.choice(((2,), (4,), (2, 4)))
    known = [row[side] for row in rows for side in sides if 9 < row[side] < 11] or [10.0]
    sizes = random.choice(((10.0, 41.75, 100.0), (100.0, 300.0, 800.0)))
    prints: list[Print] = []
    for _ in range(random.randint(20, 250)):
        second = random.randint(-2 * BEFORE, 2 * (AFTER + 20)) / 2
        price = random.choice(known) + random.choice((0, 0, 0, 0, 0, -0.01, 0.01))
        size, aggressor = random.choice(sizes), random.choice((-1, 0, 1))
        prints.append((second, random.randrange(3), round(price, 2), size, aggressor))
    for second in range(0, AFTER + 100, 20):
        size = random.choice((100.0, 250.0, 700.0))
        prints.append((second - 86_400.0, random.randrange(3), 10.0, size, 0))
    return sorted(prints)


def draw_scene(random: Random) -> Scene:
    """A market with every rule of the book, both sides and both completions."""
    band = random.choice((None, 10.0, 30.0, 100.0, 100.0))
    refill = random.choice(("price", "price", "update", "every-snapshot"))
    memory = random.choice((None, 10, 30)) if refill == "price" else None
    age = random.choice((None, None, None, 3, 20, 60))
    book = BookParams(
        age and age * SECOND,
        band,
        refill,  # type: ignore[arg-type]
        memory and memory * SECOND,
    )
    rows = random.choice((draw_rows, draw_liquid_rows))(random)
    return Scene(
        rows,
        draw_prints(random, rows),
        side=random.choice(("buy", "sell")),
        size=random.choice((100.0, 230.0, 1000.0, 37.0, 10.9)),
        horizon=random.choice((30, 75, 150)),
        starts=random.choice(((0.0,), (10.0, 70.5))),
        deadline=random.choice((95, 140, 220)),
        slice=random.choice((10, 30)),
        taker=tuple(random.choice(FEES) for _ in VENUES),
        rebate=tuple(random.choice(FEES) for _ in VENUES),
        book=book,
        completion=random.choice(("sweep", "best-ask")),
        latency=draw_latency(random),
        feed_latency=draw_latency(random),
        impact=draw_impact(random),
    )


def draw_impact(random: Random) -> Impact | None:
    """None, or one by which a few hundred shares move the ask by some ticks for a while."""
    if random.choice((True, False)):
        return None
    return Impact(random.choice((0.0, 1.0, 25.0, 400.0)), random.choice((1, 20, 600)) * SECOND)


def draw_latency(random: Random) -> tuple[float, ...]:
    """Seconds to each venue, or back: none, equal, or each its own; many end as a row comes."""
    kind = random.choice(("none", "none", "equal", "own"))
    if kind == "none":
        return (0.0, 0.0, 0.0)
    if kind == "equal":
        return (random.choice(LATENCIES),) * 3
    return tuple(random.choice(LATENCIES) for _ in VENUES)


def draw_risk(random: Random) -> RiskParams:
    """Penalties that matter and such that do not."""
    return RiskParams(
        random.choice((0.0, 0.0005, 0.002, 0.01)),
        random.choice((0.0, 0.0001, 0.0002, 0.001, 0.05)),
        random.choice((0.0, 0.0, 0.0001, 0.0005)),
    )


def draw_static(random: Random) -> Static:
    """A static router."""
    space, step = random.choice(("open", "strict")), random.choice((100.0, 30.0))
    return Static(draw_risk(random), StaticModel(space, None, step))  # type: ignore[arg-type]


def draw_placement(random: Random) -> Placement:
    """A placement router that needs little past, and posts where it can."""
    depth, step = random.choice(("displayed", "infinite")), random.choice((100.0, 30.0))
    windows = WindowParams(
        lookback=random.choice((120, 600)) * SECOND,
        stride=random.choice((10, 30)) * SECOND,
        minimum=1,
        cancellations=random.choice((False, True)),
        conditional=random.choice((False, True)),
        through=random.choice(("fill", "volume")),  # type: ignore[arg-type]
    )
    risk = RiskParams(
        random.choice((0.0, 0.0005, 0.002)),
        random.choice((0.0001, 0.001, 0.005, 0.05)),
        random.choice((0.0, 0.0, 0.0001)),
    )
    leftover = random.choice(("carry", "sweep"))
    model = PlacementModel(depth, step)  # type: ignore[arg-type]
    return Placement(risk, model, windows, leftover)  # type: ignore[arg-type]


def draw_schedule(random: Random, name: str) -> Schedule:
    """A schedule by its name, with parameters of its own."""
    if SCHEDULES[name] is Pov:
        return Pov(random.choice((0.05, 0.1, 0.5, 1.0)))
    if SCHEDULES[name] is AlmgrenChriss:
        return AlmgrenChriss(random.choice((0.0, 0.5, 2.0, 30.0)))
    return SCHEDULES[name]()


def draw_router(random: Random, name: str) -> Router:
    """A router by its name, with parameters of its own."""
    if ROUTERS[name] is Static:
        return draw_static(random)
    if ROUTERS[name] is Placement:
        return draw_placement(random)
    return ROUTERS[name]()


PLAIN_SCHEDULES = tuple(name for name, made in SCHEDULES.items() if made in DUE)
PLAIN_ROUTERS = tuple(name for name, made in ROUTERS.items() if made in SPLITS or made is Placement)
"""The names of the schedules and of the routers that are written plainly here."""


def draw_pairs(random: Random) -> Iterator[Policy]:
    """Every schedule times every router."""
    for schedule in PLAIN_SCHEDULES:
        for router in PLAIN_ROUTERS:
            yield Policy(draw_schedule(random, schedule), draw_router(random, router))


def can_trade(market: Market, policy: Policy) -> bool:
    """Whether a policy has what it learns from."""
    try:
        policy.prepare(market.context)
    except (DataError, ConfigError):
        return False
    return True
