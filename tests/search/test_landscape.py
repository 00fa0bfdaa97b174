"""The landscape says what a replay says, at every threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sor_opt.backtest.base import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.policies import static_policy
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import load_tape
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams
from sor_opt.model.venues import FeeSchedule
from sor_opt.search.grid import run_grid
from sor_opt.search.landscape import make_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import Space


def assert_exact(objective, landscape, draws, excess=None):
    rng = np.random.default_rng(5)
    thresholds = np.exp(rng.uniform(np.log(landscape.low), np.log(landscape.high), draws))
    for threshold in thresholds:
        over = rng.uniform(1e-5, 0.05) if excess is None else excess
        found = objective(RiskParams(over, threshold, 0.0))
        np.testing.assert_allclose(landscape.staircase.at(threshold), found, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def real_objective(shared):
    tape = load_tape(shared("taq/quotes_2018-01-02.csv.gz"))
    orders = make_orders(tape, OrderParams(size=5000, every=600 * SECOND))
    market = prepare(tape, orders, ReplayParams(2 * SECOND), FeeSchedule.packaged())
    return ShortfallObjective(market)


def test_the_real_days_staircase_is_what_replays_find(real_objective):
    landscape = make_landscape(real_objective, Space())
    assert landscape.excess is None
    assert_exact(real_objective, landscape, draws=1000)


def test_no_point_is_better_than_the_minimum(real_objective):
    landscape = make_landscape(real_objective, Space())
    best = landscape.best
    assert all(
        point.outcome.train_bps >= best.train_bps - 1e-9
        for point in run_grid(real_objective, Space()).points
    )
    low, high = landscape.best_piece
    for threshold in np.linspace(low, high, 7)[1:]:
        found = real_objective(RiskParams(0.001, threshold, 0.0))
        np.testing.assert_allclose(found, best, rtol=1e-9)


@pytest.fixture(scope="module")
def odd_lots():
    tape = generate(SyntheticParams(seed=11, minutes=8))
    orders = make_orders(tape, OrderParams(size=700, horizon=60 * SECOND, every=120 * SECOND))
    return prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())


@pytest.mark.compiled
def test_odd_lots_make_the_excess_penalty_matter_and_the_landscape_says_so(odd_lots):
    objective = ShortfallObjective(odd_lots)
    landscape = make_landscape(objective, Space(), excess=0.0006)
    assert landscape.excess == 0.0006
    assert_exact(objective, landscape, draws=300, excess=0.0006)


def test_a_flat_objective_is_one_piece(odd_lots):
    strict = static_policy(static=StaticParams(space="strict"))
    landscape = make_landscape(ShortfallObjective(odd_lots, strict), Space())
    assert landscape.breakpoints == 0
    assert landscape.excess is None


def test_without_any_book_to_trade_on_there_is_no_landscape(odd_lots):
    tape = odd_lots.tape
    orders = make_orders(tape, OrderParams(size=700, horizon=60 * SECOND))
    market = prepare(tape, orders, ReplayParams(max_quote_age=None), FeeSchedule.packaged())
    feed = market.feed._replace(ask_size=np.zeros(len(market.feed.ts)))

    with pytest.raises(DataError, match="no train order meets a book"):
        make_landscape(ShortfallObjective(replace(market, feed=feed)), Space())


@pytest.mark.parametrize("excess", [-1.0, float("nan"), float("inf")])
def test_an_excess_penalty_out_of_range_is_refused(odd_lots, excess):
    with pytest.raises(ConfigError, match="excess must be finite and >= 0"):
        make_landscape(ShortfallObjective(odd_lots), Space(), excess)
