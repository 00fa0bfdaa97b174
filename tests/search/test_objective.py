"""What a search minimises, on orders whose shortfall is worked by hand."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from search_fakes import SPACE

from sor_opt.backtest.backtest import run
from sor_opt.backtest.risk import Cvar, MeanSd
from sor_opt.errors import ConfigError, DataError
from sor_opt.models.risk import RiskParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.search.objective import ShortfallObjective

# A's ask is 2 bps per second above a mid of 10.00 from second 10 on: order k costs 2 k bps.
ROWS = [(10 * k, 0, 10 - 0.002 * k, 100, 10 + 0.002 * k, 100) for k in range(1, 14)]


def outcome_of(market, orders):
    scene = market(ROWS, size=100, starts=[10 * k for k in range(1, orders + 1)])
    objective = ShortfallObjective(scene)
    return objective, objective.outcome(run(scene, named("best-ask")))


@pytest.mark.parametrize(
    ("orders", "train", "train_bps", "test_bps"),
    [
        (1, 1, 2.0, math.nan),
        (2, 1, 2.0, 4.0),
        (3, 2, 3.0, 6.0),
        (9, 6, 7.0, 16.0),
        (10, 7, 8.0, 18.0),
        (13, 9, 10.0, 23.0),
    ],
)
def test_the_first_seven_tenths_train_and_at_least_one_does(
    market, orders, train, train_bps, test_bps
):
    objective, outcome = outcome_of(market, orders)
    assert objective.train.tolist() == [True] * train + [False] * (orders - train)
    assert outcome == pytest.approx((train_bps, test_bps), nan_ok=True)


def test_an_order_that_never_met_a_book_is_no_part_of_the_mean(market):
    # The last but one of the train orders, and one test order, end before A first quotes.
    scene = market(
        [(0, 0, 9.99, 100, 10.01, 100), (20, 0, 0, 0, 0, 0), (50, 0, 9.98, 100, 10.02, 100)],
        size=100,
        horizon=5,
        starts=(0, 30, 50),
        deadline=(10, 40, 60),
    )
    objective = ShortfallObjective(scene)
    result = run(scene, named("best-ask"))
    assert np.isnan(result.shortfall_bps).tolist() == [False, True, False]
    assert objective.outcome(result) == pytest.approx((10.0, 20.0))


def test_a_point_is_replayed_with_its_own_risk_and_the_policys_rest(market):
    """A share of A's costs 2 cents above the mid: only the bold point takes it early."""
    scene = market([(0, 0, 9.98, 100, 10.02, 100)], size=100)
    shy, bold = (asdict(RiskParams(0.05, under, 0.0, unit="per_share")) for under in (0.019, 0.021))
    objective = ShortfallObjective(scene, named("static").having(bold))
    for risk in (bold, shy):
        assert objective(risk) == pytest.approx((20.0, math.nan), nan_ok=True)
    reasons = [objective.replay(risk).executions()["reason"].tolist() for risk in (shy, bold)]
    assert reasons == [["completion"], ["route"]]


def test_without_any_shortfall_there_is_nothing_to_minimise(market):
    objective = ShortfallObjective(market([(0, 0, 9.98, 100, 10.02, 100)], size=100))
    objective.check_defined(np.array([np.nan, 1.0]))
    with pytest.raises(DataError, match="no train order meets a book to trade on"):
        objective.check_defined(np.array([np.nan, np.nan]))


def test_the_identity_names_data_orders_rules_fees_and_policy(market):
    objective = ShortfallObjective(market(ROWS, size=100, starts=(10, 20), taker=(0.003, 0, 0)))
    base = objective.fingerprint(SPACE.all_names)

    def differs(**changes):
        settings = {"size": 100, "starts": (10, 20), "taker": (0.003, 0, 0)} | changes
        other = ShortfallObjective(market(ROWS, **settings)).fingerprint(SPACE.all_names)
        return {part for part in base if base[part] != other[part]}

    assert differs() == set()
    assert differs(starts=(10, 21)) == differs(deadline=601) == {"orders"}
    assert differs(horizon=61) == differs(size=101) == differs(side="sell") - {"fees"} == {"orders"}
    assert differs(taker=(0.003, 0.001, 0)) == differs(rebate=(0.001, 0, 0)) == {"fees"}
    assert differs(refill="every-snapshot") == differs(max_quote_age=5) == {"rules"}
    assert differs(band=9.0) == differs(completion="sweep") == differs(unfilled="mid") == {"rules"}
    assert differs(prints=[(10, 0, 10.0, 5, 0)]) == {"data"}
    other = replace(objective, policy=Policy(Now(), Static(RiskParams(0.5, 0.5, 0.5))))
    assert other.fingerprint(SPACE.all_names) == base  # the risk is what a search moves


def test_a_measure_of_the_train_and_of_the_test_orders(market):
    """Ten orders cost 2, 4 .. 20 bps; the worst fifth of seven is two, of three one."""
    objective, mean = outcome_of(market, 10)
    risky = replace(objective, measure=Cvar(0.8))
    result = run(objective.market, named("best-ask"))
    assert mean == pytest.approx((8.0, 18.0))
    assert risky.outcome(result) == pytest.approx((13.0, 20.0))
    assert risky.outcome_of(result.shortfall_bps) == risky.outcome(result)
    cautious = replace(objective, measure=MeanSd(0.5))
    spread = np.std([2, 4, 6, 8, 10, 12, 14], ddof=1), np.std([16, 18, 20], ddof=1)
    expected = 8 + 0.5 * spread[0], 18 + 0.5 * spread[1]
    assert cautious.outcome(result) == pytest.approx(expected)


def test_the_measure_is_part_of_the_identity_and_that_of_the_mean_stays_what_it_was(market):
    objective = ShortfallObjective(market(ROWS, size=100, starts=(10, 20)))
    base = objective.fingerprint(())
    assert base["objective"] == "mean shortfall in bps of the first 7 of 10 orders"
    other = replace(objective, measure=Cvar(0.9)).fingerprint(())
    assert {part for part in base if base[part] != other[part]} == {"objective"}
    assert other["objective"] == "cvar:0.9 shortfall in bps of the first 7 of 10 orders"


def test_one_order_has_no_spread_to_minimise(market):
    alone, _ = outcome_of(market, 1)
    with pytest.raises(ConfigError, match=r"mean\+sd:0.5 needs 2 train orders, got 1; lay out"):
        replace(alone, measure=MeanSd(0.5))
    several, _ = outcome_of(market, 10)
    spread = replace(several, measure=MeanSd(0.5))
    known_once = np.where(np.arange(10) == 3, 2.0, np.nan)
    with pytest.raises(DataError, match="not 2 train orders meet a book to trade on"):
        spread.check_defined(np.array([spread.outcome_of(known_once).train_bps]))
