"""The core against the plain engine on two hours of a real day."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import numpy as np
import pytest
from reference.compare import assert_same
from reference.scenes import OPENING, PLAIN_ROUTERS, PLAIN_SCHEDULES

from sor_opt.allocators.registry import provers
from sor_opt.backtest.backtest import run
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.replay import LIMIT
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap
from sor_opt.policies.schedules.vwap import Vwap


@pytest.fixture(scope="module")
def real_day(shared):
    trades = shared("taq_full/trades_full_2018-01-02.csv.gz")
    tape = load_tape(shared("taq_full/quotes_full_2018-01-02.csv.gz"), trades)
    midnight = OPENING - 34_200 * SECOND
    hours = [midnight + hour * 3600 * SECOND for hour in (10, 12)]
    return replace(tape, quotes=tape.quotes.select(slice(*np.searchsorted(tape.quotes.ts, hours))))


def stretch(tape, latency=None, feed_latency=None, **layout):
    """Orders of nine minutes between 11 and 11:30."""
    given = {"size": 5000.0, "every": 600 * SECOND, "start": time(11), "end": time(11, 30)} | layout
    orders = make_orders(tape, OrderParams(**given))
    params = ReplayParams(latency=latency, feed_latency=feed_latency)
    return prepare(tape, orders, params, FeeSchedule.packaged())


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("schedule", PLAIN_SCHEDULES)
def test_the_real_day_is_routed_alike(real_day, side, schedule, tmp_path):
    market = stretch(real_day, side=side)
    path = tmp_path / "curve.csv"
    path.write_text("time,volume\n11:00,5\n11:04,2\n11:10,4\n11:17,8\n")
    chosen = Vwap(path) if schedule == Vwap.name else SCHEDULES[schedule]()
    for router in PLAIN_ROUTERS:
        one = assert_same(market, Policy(chosen, ROUTERS[router]()))
        assert len(one.ts) >= 3 * len(market.orders)


def test_the_real_day_sweeps_what_a_slice_left_alike(real_day):
    assert_same(stretch(real_day), Policy(Twap(), Placement(leftover="sweep")))


MS = SECOND // 1000

LATENCIES = {
    "orders": (Latency(5 * MS), None),
    "quotes": (None, Latency(20 * MS)),
    "both": (Latency(200 * MS), Latency(200 * MS)),
    "venues": (
        Latency(2 * MS, at=(("XNAS", 0), ("XNYS", 350 * MS))),
        Latency(7 * MS, at=(("ARCX", 0), ("XNYS", 40 * MS))),
    ),
}


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("latency", LATENCIES)
def test_the_real_day_is_routed_alike_on_the_way(real_day, side, latency):
    """No latency moves the mid that costs are held against, and all change what is executed."""
    at_once = stretch(real_day, side=side)
    delayed = stretch(real_day, *LATENCIES[latency], side=side)
    routers = [ROUTERS[name]() for name in PLAIN_ROUTERS]
    policies = [Policy(Twap(), router) for router in [*routers, Placement(leftover="sweep")]]
    policies += [Policy(Now(), Static()), Policy(SCHEDULES["pov"](), routers[0])]
    for policy in policies:
        one, other = assert_same(delayed, policy), replay(at_once, policy)
        assert not np.array_equal(one.ts, other.ts), policy
        np.testing.assert_array_equal(one.arrival_mid, other.arrival_mid)


def test_every_parameter_changes_what_a_placement_does_on_the_real_day(real_day):
    market = stretch(real_day, start=time(10, 30), end=time(12))
    base = (0.0005, 0.0005, 0.00005)
    points = [base, *((*base[:i], 4 * base[i], *base[i + 1 :]) for i in range(3))]
    results = [run(market, Policy(Twap(), Placement(RiskParams(*point)))) for point in points]
    assert len({result.outcome_key() for result in results}) == 4
    for result in results:
        assert result.complete.all()
        assert result.cash.sum() == pytest.approx(result.flows.sum(), abs=0.005)
    posted = [result.replay.shares[result.replay.reason == LIMIT].sum() for result in results]
    few, over, under, theta = posted
    assert max(over, under, theta) < few


def shares_by_price(log):
    """Shares of each moment, order, price and fee per share, over venues."""
    log["rate"] = (log["fee"] / log["shares"]).round(9)
    return log.groupby(["ts", "order", "side", "price", "rate", "reason"])["shares"].sum()


@pytest.mark.parametrize("allocator", provers(), ids=lambda allocator: allocator.name)
def test_every_allocator_really_routes_and_pays_what_the_compiled_router_pays(real_day, allocator):
    """The logs agree in all but the venue, where two of one price and fee tie."""
    market = stretch(real_day, size=300.0, horizon=60 * SECOND)
    risk = RiskParams(0.001, 0.0002, 0.0)
    mine = run(market, Policy(Now(), Static(risk, allocator=allocator)))
    compiled = run(market, Policy(Now(), Static(risk)))
    assert len(compiled.replay.ts) > 3
    one, other = (shares_by_price(result.executions()) for result in (mine, compiled))
    assert one.equals(other)


def test_what_cannot_trade_says_so(real_day):
    bare = replace(real_day, trades=None)
    for schedule, router in (("pov", "sweep"), ("vwap", "sweep"), ("now", "placement")):
        market = stretch(bare)
        policy = Policy(SCHEDULES[schedule](), ROUTERS[router]())
        with pytest.raises((DataError, ConfigError)):
            replay(market, policy)
