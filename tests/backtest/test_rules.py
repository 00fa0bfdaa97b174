"""Hand-worked replays of the rules: band, refill, completion, unfilled shares, arrival."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import ReplayParams
from sor_opt.backtest.risk import risk_of
from sor_opt.errors import ConfigError
from sor_opt.market.book import BookParams
from sor_opt.policies.registry import named

STUB = [
    (0, 0, 9.99, 100, 10.01, 100),
    (0, 1, 9.98, 100, 10.02, 100),
    (0, 2, 5.00, 900, 15.00, 900),
]
"""A and B around 10.00, and a stub quote on C."""


def played(market, rows, policy="best-ask", **given):
    """The executions: second, venue, price, shares, reason."""
    stage = market(rows, **given)
    log = run(stage, named(policy)).executions()
    seconds = (log["ts"].astype("int64") - stage.orders.starts[0]) / 1e9 if len(log) else []
    columns = (seconds, log["venue"], log["price"], log["shares"], log["reason"])
    return list(zip(*columns, strict=True))


def test_a_stub_quote_is_not_displayed(market):
    """Without the band the 100 shares beyond A and B are bought 50 % above the mid."""
    given = {"size": 300, "horizon": 10, "completion": "sweep"}
    assert [row[3] for row in played(market, STUB, band=100.0, **given)] == [100, 100]
    bought = played(market, STUB, band=None, **given)
    assert (bought[-1][1], bought[-1][2], bought[-1][3]) == ("C", 15.00, 100)


def test_nothing_trades_on_a_wide_book_and_the_arrival_mid_waits(market):
    """A's quotes alone are 400 bps apart until B comes."""
    rows = [(0, 0, 9.80, 100, 10.20, 500), (5, 1, 9.99, 100, 10.01, 500)]
    stage = market(rows, size=200, band=100.0)
    result = run(stage, named("best-ask"))
    assert result.replay.arrival_mid.tolist() == [10.00]
    assert result.orders()["arrival_delay_s"].tolist() == [5]
    assert result.orders()["wide"].tolist() == [1]
    assert result.executions()["price"].tolist() == [10.01]


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("mid", [2.00, 10.00, 50.00, 100.00, 156.00, 398.00])
def test_the_band_itself_is_inside(market, side, mid):
    """Best prices that are 100 bps apart trade with a band of 100, whatever binary fractions do."""
    bid, ask = round(mid * 0.995, 2), round(mid * 1.005, 2)
    rows = [(0, 0, bid, 500, ask, 500)]
    assert played(market, rows, size=100, band=100.0, side=side)
    assert not played(market, rows, size=100, band=99.99, side=side)


SAME_ASK = [(t, 0, 9.99, 100 + t, 10.01, 100 + t) for t in range(0, 50, 10)]
"""A quotes every ten seconds: always the same ask, ten shares more each time."""


@pytest.mark.parametrize(
    ("refill", "memory", "bought"),
    [
        ("price", None, [100, 10, 10, 10, 10]),
        ("price", 15, [100, 10, 10, 10, 10]),
        ("price", 5, [100, 110, 120, 70]),
        ("update", None, [100, 110, 120, 70]),
        ("every-snapshot", None, [100, 110, 120, 70]),
    ],
)
def test_shares_taken_come_back_by_the_refill_rule(market, refill, memory, bought):
    rows = played(market, SAME_ASK, size=400, refill=refill, refill_memory=memory, horizon=300)
    assert [row[3] for row in rows][: len(bought)] == bought


def test_a_memory_begins_anew_with_each_execution_there(market):
    """Ten seconds after the last one the price is still remembered, 40 s after the first too."""
    rows = played(market, SAME_ASK, size=400, refill="price", refill_memory=10, horizon=300)
    assert [row[3] for row in rows] == [100, 10, 10, 10, 10]


def test_a_new_price_or_an_empty_side_forgets_what_was_taken(market):
    def ask(t, price, size):
        return (t, 0, 9.99, 100, price, size)

    rows = [ask(0, 10.01, 100), ask(10, 10.02, 50), ask(20, 10.01, 100), ask(30, 10.01, 0)]
    bought = played(market, [*rows, ask(40, 10.01, 60)], size=400, horizon=300)
    assert [(row[0], row[3]) for row in bought] == [(0, 100), (10, 50), (20, 100), (40, 60)]


def test_another_venues_quote_refills_nothing_but_at_every_snapshot(market):
    rows = [(0, 0, 9.99, 100, 10.01, 100), (10, 1, 9.00, 100, 0, 0)]
    for refill, bought in (("price", [100]), ("update", [100]), ("every-snapshot", [100, 100])):
        assert [row[3] for row in played(market, rows, size=300, refill=refill)][:2] == bought


def test_what_is_left_at_the_horizon_is_completed_like_a_sweep_or_like_best_ask(market):
    rows = [(0, 1, 9.98, 100, 10.02, 100), (0, 0, 9.99, 100, 10.01, 0), (70, 0, 9.99, 9, 10.01, 80)]
    given = {"size": 250, "horizon": 60}
    swept = played(market, [*rows, (70, 1, 9.98, 100, 10.03, 100)], completion="sweep", **given)
    assert swept == [
        (0, "B", 10.02, 100, "route"),
        (70, "A", 10.01, 80, "completion"),
        (70, "B", 10.03, 70, "completion"),
    ]
    one = played(market, [*rows, (70, 1, 9.98, 100, 10.03, 100)], completion="best-ask", **given)
    assert one == swept[:2]


def test_the_end_of_a_slice_completes_what_it_left_where_that_is_the_rule(market):
    """See `tests/backtest/test_placement.py` for the placement router's leftover."""
    rows = [(0, 0, 9.99, 100, 10.01, 60), (60, 0, 9.99, 100, 10.02, 500)]
    assert played(market, rows, "twap", size=200, horizon=120) == [
        (0, "A", 10.01, 60, "route"),
        (60, "A", 10.02, 140, "route"),
    ]


THIN = [(0, 0, 9.99, 500, 10.01, 100), (30, 0, 9.97, 500, 9.99, 0), (40, 1, 9.95, 9, 10.05, 0)]
"""100 shares can be bought, then nobody offers any."""


@pytest.mark.parametrize(
    ("side", "unfilled", "cost"),
    [
        ("buy", "ask", 100 * (10.01 + 0.003) + 50 * (10.01 + 0.003)),
        ("buy", "mid", 100 * (10.01 + 0.003) + 50 * 10.00),
    ],
)
def test_unfilled_shares_count_at_the_last_live_ask_and_its_fee(market, side, unfilled, cost):
    result = run(
        market(THIN, size=150, side=side, unfilled=unfilled, taker=(0.003, 0.001, 0)),
        named("best-ask"),
    )
    assert result.complete.tolist() == [False]
    assert result.shortfall_bps[0] == pytest.approx(1e4 * (cost - 150 * 10.00) / (150 * 10.00))
    assert result.opportunity_bps[0] == pytest.approx(
        1e4 * (cost - 100 * 10.013 - 50 * 10.00) / (150 * 10.00)
    )


def test_of_asks_that_tie_the_lowest_fee_counts(market):
    rows = [(0, k, 9.99, 500, 10.01, 50) for k in range(3)]
    stage = market(rows, size=500, taker=(0.003, 0.001, 0.002))
    result = run(stage, named("best-ask"))
    assert result.marks[0] == pytest.approx(10.011)


def test_a_sell_orders_unfilled_shares_count_at_the_last_live_bid_less_its_fee(market):
    rows = [(0, 0, 9.99, 100, 10.01, 100)]
    result = run(market(rows, size=150, side="sell", taker=(0.003, 0, 0)), named("best-ask"))
    assert result.marks[0] == pytest.approx(-(9.99 - 0.003))
    received = 150 * (9.99 - 0.003)
    assert result.shortfall_bps[0] == pytest.approx(1e4 * (1500 - received) / 1500)


def test_an_age_limit_holds_for_the_last_live_ask_too(market):
    rows = [
        (0, 0, 9.99, 500, 10.01, 100),
        (0, 1, 9.98, 500, 10.00, 10),
        (20, 0, 9.99, 500, 10.01, 0),
    ]
    rows += [(25, 0, 9.99, 500, 10.02, 10)]
    result = run(market(rows, size=500, max_quote_age=10), named("best-ask"))
    assert result.marks[0] == pytest.approx(10.02)


def test_risk_is_that_of_the_known_costs():
    values = np.array([3.0, 1.0, np.nan, 2.0, 10.0])
    assert risk_of(values) == pytest.approx((np.std([3, 1, 2, 10], ddof=1), 2.5, 10.0))
    assert risk_of(np.arange(21.0)).cvar == 19  # the worst ceil(2.1) = 3 of 21
    assert np.isnan(risk_of(np.array([1.0])).sd)
    assert np.isnan(risk_of(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BookParams(band=0), "band must be > 0 basis points, or none, got 0"),
        (lambda: BookParams(band=float("nan")), "band must be > 0 basis points"),
        (lambda: BookParams(max_quote_age=0), "max_quote_age must be > 0, got 0s"),
        (lambda: BookParams(refill="never"), "refill must be one of price, update, every-snapshot"),
        (
            lambda: BookParams(refill_memory=0),
            "the memory of the refill rule price must be > 0, got 0s",
        ),
        (
            lambda: BookParams(refill="update", refill_memory=1),
            "only the refill rule price has a memory, not update",
        ),
        (lambda: ReplayParams(slice=0), "slice must be > 0, got 0s"),
        (lambda: ReplayParams(completion="twap"), "completion must be sweep or best-ask, got"),
        (lambda: ReplayParams(unfilled="bid"), "unfilled must be ask or mid, got 'bid'"),
    ],
)
def test_a_rule_out_of_range_is_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
