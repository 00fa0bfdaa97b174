import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from snapshots import snapshot

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.fast.local_search import ANY_RADIUS, UNLIMITED_STEPS, descend
from sor_opt.allocators.fast.tables import tables_of
from sor_opt.errors import ConfigError
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementModel, check_target, violated_assumptions
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import queues_ahead

RISK = RiskParams(lambda_over=0.07, lambda_under=0.05, theta_queue=0.004, unit="per_share")
INFINITE = PlacementModel(depth="infinite")


def quotes(**changes):
    """Two venues around a mid of 100.01, a cent from the best bid and from the best ask."""
    given = {
        "ask": [100.02, 100.03],
        "ask_size": [150.0, 200.0],
        "fee": [0.003, 0.001],
        "rebate": [0.002, -0.001],
        "queue": [50.0, 0.0],
        "best_bid": 100.00,
        "mid": 100.01,
    }
    return snapshot(**(given | changes))


def compiled(outflows, moment=None, target=200.0, risk=RISK, params=None):
    seen = (moment or quotes())._replace(outflows=np.array(outflows, float))
    return (params or PlacementModel()).problem(seen, target, risk)


def rungs_of(problem, name):
    """Costs of a ladder's rungs, and their fills by scenario."""
    at = problem.names.index(name)
    rows = slice(problem.offsets[at], problem.offsets[at + 1])
    return problem.costs[rows], problem.fills[rows]


def certified(problem):
    found = FastAllocator(certify=True).solve(problem)
    assert found.status == "optimal"
    return found


# Compiling


def test_ladders_take_at_every_ask_and_then_post_at_every_venue():
    problem = compiled([[300, 0]])
    assert problem.names == ("V0 take", "V1 take", "V0 post", "V1 post")
    assert problem.heights.tolist() == [2, 2, 2, 2]
    assert (problem.target, problem.step, problem.exact_total) == (200.0, 100.0, False)
    assert problem.shortfall_penalty == pytest.approx(0.054)
    assert problem.excess_penalty == pytest.approx(0.07)


def test_hand_worked_taking_ends_with_the_odd_lot():
    problem = compiled([[300, 0], [100, 40]])
    costs, fills = rungs_of(problem, "V0 take")
    # The half-spread of 0.01, the fee of 0.003 and theta of 0.004 on every executed share.
    assert fills.tolist() == [[100, 100], [50, 50]]
    assert costs == pytest.approx([1.70, 0.85])
    costs, fills = rungs_of(problem, "V1 take")
    assert fills.tolist() == [[100, 100], [100, 100]]
    assert costs == pytest.approx([2.50, 2.50])


def test_hand_worked_posting_waits_behind_the_queue():
    problem = compiled([[300, 0], [100, 40]])
    costs, fills = rungs_of(problem, "V0 post")
    # Of 300 shares 250 pass the queue of 50, of 100 shares 50; each gains 0.01 + 0.002.
    assert fills.tolist() == [[100, 50], [100, 0]]
    assert costs == pytest.approx([0.4 - 0.012 * 75, 0.4 - 0.012 * 50])
    costs, fills = rungs_of(problem, "V1 post")
    assert fills.tolist() == [[0, 40], [0, 0]]
    assert costs == pytest.approx([0.4 - 0.009 * 20, 0.4])


def test_an_infinite_outflow_fills_all_and_nothing_is_posted_behind_an_infinite_queue():
    moment = quotes(queue=[1e6, math.inf])
    problem = compiled([[math.inf, math.inf]], moment)
    assert rungs_of(problem, "V0 post")[1].tolist() == [[100], [100]]
    assert problem.heights[-1] == 0


def test_a_venue_that_shows_nothing_has_nothing_to_take():
    problem = compiled([[0, 0]], quotes(ask_size=[0.0, 200.0], ask=[math.nan, 100.03]))
    assert problem.heights.tolist() == [0, 2, 2, 2]


def test_a_target_off_the_step_may_be_posted_in_whole_chunks():
    assert compiled([[0, 0]], target=250.0).heights.tolist() == [2, 2, 3, 3]


@pytest.mark.parametrize(
    ("ask", "sizes", "fees", "taken"),
    [
        ([100.02, 100.03], [1.0, 200.0], [0.003, -0.1], 0),
        ([100.02, 100.02], [100.0, 100.0], [0.003, 0.001], 1),
        ([100.02, 100.02], [100.0, 100.0], [0.001, 0.001], 0),
        ([100.02, 100.03], [0.0, 100.0], [0.003, 0.003], 1),
    ],
    ids=["lowest ask", "then lowest fee", "then earliest", "of those that show something"],
)
def test_infinite_depth_is_taken_where_it_is_cheapest(ask, sizes, fees, taken):
    moment = quotes(ask=ask, ask_size=sizes, fee=fees)
    problem = compiled([[0, 0]], moment, target=250.0, params=INFINITE)
    heights = [0, 0, 3, 3]
    heights[taken] = 3
    assert problem.heights.tolist() == heights
    costs, fills = rungs_of(problem, f"V{taken} take")
    assert fills.tolist() == [[100]] * 3
    assert costs == pytest.approx([100 * (ask[taken] - 100.01 + fees[taken] + 0.004)] * 3)


def test_without_an_ask_infinite_depth_is_no_depth():
    problem = compiled([[0, 0]], quotes(ask_size=[0.0, 0.0]), params=INFINITE)
    assert problem.heights.tolist() == [0, 0, 2, 2]


def test_penalties_in_fractions_are_of_the_mid_even_if_the_market_is_mirrored():
    risk = RiskParams(0.001, 0.002, 0.0005)
    mirrored = quotes(ask=[-99.99, -99.98], best_bid=-100.01, mid=-100.0)
    problem = compiled([[0, 0]], mirrored, risk=risk)
    assert problem.shortfall_penalty == pytest.approx(0.25)
    assert problem.excess_penalty == pytest.approx(0.1)
    assert rungs_of(problem, "V0 take")[0][0] == pytest.approx(100 * (0.01 + 0.003 + 0.05))


def objective(moment, outflows, target, risk, taken, posted):
    """v of the module's first lines, in expectation, for shares executed at asks and posted."""
    unit = abs(moment.mid) if risk.unit == "fraction" else 1.0
    total = 0.0
    for outflow in outflows:
        filled = [
            min(max(xi - queue, 0.0), size)
            for xi, queue, size in zip(outflow, moment.queue, posted, strict=True)
        ]
        executed = sum(taken) + sum(filled)
        short, excess = max(target - executed, 0.0), max(executed - target, 0.0)
        total += sum((moment.ask - moment.mid + moment.fee) * taken)
        total -= sum((moment.mid - moment.best_bid + moment.rebate) * np.array(filled))
        total += risk.theta_queue * unit * (sum(taken) + sum(posted) + short)
        total += unit * (risk.lambda_under * short + risk.lambda_over * excess)
    return total / len(outflows)


def each(strategy, count):
    return st.lists(strategy, min_size=count, max_size=count)


@st.composite
def moments(draw):
    """A quotes of 1 to 3 venues, for a buyer or mirrored for a seller, and outflows."""
    count, best_bid = draw(st.integers(1, 3)), draw(st.sampled_from([99.99, -100.02]))
    mid = best_bid + draw(st.sampled_from([0.005, 0.01]))
    fees = st.floats(-0.01, 0.01)
    moment = quotes(
        ask=[mid + draw(st.floats(0.005, 0.05)) for _ in range(count)],
        ask_size=draw(each(st.integers(0, 330).map(float), count)),
        fee=draw(each(fees, count)),
        rebate=draw(each(fees, count)),
        queue=draw(each(st.sampled_from([0.0, 40.0, 250.0, 1e6]), count)),
        best_bid=best_bid,
        mid=mid,
    )
    flows = draw(st.lists(each(st.floats(0, 700), count), min_size=1, max_size=3))
    return moment, flows


@settings(deadline=None)
@given(
    drawn=moments(),
    shares=st.lists(st.integers(0, 4), min_size=6, max_size=6),
    target=st.sampled_from([100.0, 250.0, 330.0]),
    step=st.sampled_from([100.0, 30.0]),
    risk=st.sampled_from([RISK, RiskParams(0.0005, 0.001, 0.0001), RiskParams(0, 0, 0)]),
)
def test_any_selection_costs_what_the_formula_says(drawn, shares, target, step, risk):
    moment, flows = drawn
    venues = len(moment.ask)
    problem = compiled(flows, moment, target, risk, PlacementModel(step=step))
    rungs = np.minimum(shares[: 2 * venues], problem.heights)
    # Theta weighs the executed shares of an odd lot, of which the rest is never sent.
    taken = np.minimum(rungs[:venues] * step, moment.ask_size)
    posted = rungs[venues:] * step
    assert problem.cost(rungs) == pytest.approx(
        objective(moment, flows, target, risk, taken, posted), abs=1e-9
    )


@settings(deadline=None)
@given(drawn=moments(), shares=st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_any_selection_of_infinite_depth_costs_what_the_formula_says(drawn, shares):
    moment, flows = drawn
    venues = len(moment.ask)
    problem = compiled(flows, moment, 250.0, params=INFINITE)
    showing = [k for k in range(venues) if moment.ask_size[k] > 0]
    taken = np.zeros(venues)
    if showing:
        taken[min(showing, key=lambda k: (moment.ask[k], moment.fee[k]))] = shares[0] * 100.0
    posted = np.array(shares[1 : venues + 1]) * 100.0
    rungs = np.concatenate([taken, posted]) / 100
    assert problem.cost(rungs.astype(int)) == pytest.approx(
        objective(moment, flows, 250.0, RISK, taken, posted), abs=1e-9
    )


# Refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": "full"}, "depth must be displayed or infinite, got 'full'"),
        ({"step": 0.0}, "step must be > 0, got 0"),
        ({"step": -100.0}, "step must be > 0, got -100"),
        ({"step": math.nan}, "step must be > 0, got nan"),
        ({"step": math.inf}, "step must be > 0, got inf"),
        ({"step": 1e-300}, "step must be 1e-06 to 1e+12, got 1e-300"),
    ],
)
def test_wrong_parameters_are_refused_in_one_line(arguments, message):
    with pytest.raises(ConfigError) as refusal:
        PlacementModel(**arguments)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "outflows", [[1.0, 2.0], [[1.0, 2.0, 3.0]], [[1.0]], np.empty((0, 2))], ids=str
)
def test_outflows_must_fit_the_venues(outflows):
    with pytest.raises(ConfigError, match=r"^outflows must have shape \(scenarios, 2\)$"):
        compiled(outflows)


def test_ladders_of_too_many_chunks_are_refused():
    with pytest.raises(ConfigError, match=r"^V1 shows 1e\+18 shares, more than 1,000,000 chunks"):
        compiled([[0, 0]], quotes(ask_size=[100.0, 1e18]))
    with pytest.raises(ConfigError, match=r"^1e\+18 shares are more than 1,000,000 chunks of 100"):
        compiled([[0, 0]], target=1e18)


@pytest.mark.parametrize("target", [0.0, -1.0, -1000.0, math.nan])
def test_a_target_of_no_shares_is_refused(target):
    with pytest.raises(ConfigError, match=r"^target must be > 0, got"):
        compiled([[0, 0]], target=target)


def test_as_many_chunks_as_are_allowed_are_no_reason_to_refuse():
    check_target(1_000_000 * 0.5, 0.5)
    with pytest.raises(ConfigError, match="take a larger step"):
        check_target(1_000_001 * 0.5, 0.5)


# The queue before a new bid


def test_a_new_bid_queues_behind_what_is_displayed_at_its_price():
    bid, left = np.array([100.00, 99.99, 100.00, 99.99]), np.array([300.0, 500.0, 0.0, 0.0])
    # The last two have no live quote: what stands there is not known.
    assert queues_ahead(bid, left, 100.00).tolist() == [300.0, 0.0, math.inf, math.inf]


# Assumptions


def test_the_usual_parameters_keep_to_all_assumptions():
    assert violated_assumptions(quotes(), RISK) == []


def violated(unit, over=0.07, under=0.05, **changes):
    scale = 1.0 if unit == "per_share" else 1 / 100.01
    return violated_assumptions(
        quotes(**changes), RiskParams(over * scale, under * scale, unit=unit)
    )


@pytest.mark.parametrize(
    ("name", "kept", "broken", "number"),
    [
        ("A1", {"rebate": [0.002, -0.009]}, {"rebate": [0.002, -0.011]}, "-0.011"),
        ("A2", {"over": 0.0121}, {"over": 0.0119}, "0.0119"),
        (
            "A2",
            {"over": 0.041, "fee": [-0.05, 0.001]},
            {"over": 0.039, "fee": [-0.05, 0.001]},
            "0.039",
        ),
        ("A3", {"under": 0.0131}, {"under": 0.0129}, "0.0129"),
        ("A3", {"under": 0.05, "fee": [0.039, 0.1]}, {"under": 0.05, "fee": [0.041, 0.0]}, "0.041"),
    ],
    ids=["A1", "A2 by posting", "A2 by taking", "A3", "A3 by the fee at the lowest ask"],
)
@pytest.mark.parametrize("unit", ["per_share", "fraction"])
def test_a_violated_assumption_is_named(name, kept, broken, number, unit):
    assert violated(unit, **kept) == []
    (line,) = violated(unit, **broken)
    assert line.startswith(f"{name} ")
    assert number in line
    assert "\n" not in line


def test_all_violated_assumptions_are_named():
    found = violated_assumptions(quotes(rebate=[-0.02, 0.0]), RiskParams(0, 0, 0))
    assert [line[:2] for line in found] == ["A1", "A2", "A3"]


def test_without_an_ask_no_assumption_is_judged():
    assert violated_assumptions(quotes(ask_size=[0.0, 0.0]), RiskParams(0, 0, 0)) == []


# One venue, infinite depth: Cont & Kukanov's Proposition 3

H, FEE, REBATE, THETA, OVER = 0.02, 0.003, 0.002, 0.0005, 0.05
TARGET = 200

FLOWS = {
    # Family, mean and queue such that the outflow may end below, inside and beyond the bid.
    "poisson": (20_000.0, 19_900.0, stats.poisson(20_000)),
    "exponential": (200.0, 100.0, stats.expon(scale=200)),
    "pareto": (200.0, 140.0, stats.pareto(2.5, scale=120)),
}

every_family = pytest.mark.parametrize("family", FLOWS)


def one_venue(outflows, queue, under, target=TARGET, step=1.0):
    moment = snapshot(
        *([100.02], [1.0], [FEE], [REBATE]),
        mid=100.0,
        venues=("V",),
        queue=[queue],
        best_bid=99.98,
        outflows=outflows,
    )
    risk = RiskParams(OVER, under, THETA, "per_share")
    return PlacementModel("infinite", step).problem(moment, float(target), risk)


def penalty_at(level):
    """The lambda_under at which the outflow's quantile of this level ends the bid."""
    return (2 * H + FEE + REBATE) / level - (H + REBATE + THETA)


def closed_form(cdf, quantile, queue, under):
    """Market and limit order by Proposition 3."""
    numerator, rest = 2 * H + FEE + REBATE, H + REBATE + THETA
    if under <= numerator / cdf(queue + TARGET) - rest:
        return 0.0, float(TARGET)
    if under >= numerator / cdf(queue) - rest:
        return float(TARGET), 0.0
    posted = quantile(numerator / (under + rest)) - queue
    return TARGET - posted, posted


@every_family
@pytest.mark.parametrize("weight", [-0.06, -0.01, 0.013, 0.21, 0.503, 0.77, 0.987, 1.01, 1.4])
def test_the_best_split_over_one_venue_is_proposition_3(family, weight):
    """F is the scenarios' own distribution, so that nothing is left to chance.

    The proposition takes M + L = S for granted; the lattice is free of that, but agrees where
    lambda_over > h + r and lambda_under > h + f. Beyond S, a posted share that fills costs more
    than the h + r that it earns, and one more taken costs in any case. Below S, one more taken
    costs h + f and saves lambda_under in every scenario.
    """
    mean, queue, _ = FLOWS[family]
    outflows = Outflow(family=family, mean=mean, scenarios=301, seed=5).draw(1)

    def cdf(x):
        return float((outflows <= x).mean())

    def quantile(level):
        return float(np.quantile(outflows, level, method="inverted_cdf"))

    low, high = cdf(queue), cdf(queue + TARGET)
    assert 0 < low < high < 1
    under = penalty_at(high + weight * (low - high))
    assert min(OVER - (H + REBATE), under - (H + FEE)) > 0
    market, limit = closed_form(cdf, quantile, queue, under)
    assert ((market, limit) == (0, TARGET)) == (weight < 0)
    assert ((market, limit) == (TARGET, 0)) == (weight > 1)
    found = certified(one_venue(outflows, queue, under)).shares
    assert found["V take"] == pytest.approx(market, abs=1)
    assert found["V post"] == pytest.approx(limit, abs=1)
    assert sum(found.values()) == TARGET


@pytest.mark.compiled
@every_family
@pytest.mark.parametrize("weight", [-0.06, 0.3, 0.7, 1.4])
def test_many_scenarios_come_close_to_the_theoretical_quantile(family, weight):
    mean, queue, law = FLOWS[family]
    count = 20_000
    outflows = Outflow(family=family, mean=mean, scenarios=count, seed=1).draw(1)
    low, high = law.cdf(queue), law.cdf(queue + TARGET)
    level = high + weight * (low - high)
    market, limit = closed_form(law.cdf, law.ppf, queue, penalty_at(level))
    found = FastAllocator().solve(one_venue(outflows, queue, penalty_at(level))).shares
    # The standard error of a sample quantile, four times, and a share for the lattice.
    density = (law.cdf(queue + limit + 1) - law.cdf(queue + limit - 1)) / 2
    error = 1 + 4 * math.sqrt(level * (1 - level) / count) / density
    assert error < 0.12 * TARGET
    assert found["V post"] == pytest.approx(limit, abs=error)
    assert found["V take"] == pytest.approx(market, abs=error)


@pytest.fixture(scope="module")
def flows():
    return Outflow(family="exponential", mean=200.0, scenarios=120, seed=3).draw(1)


def test_a_higher_price_of_missing_shares_never_lowers_the_market_order(flows):
    levels = np.linspace(0.95, 0.2, 12)
    market = [
        certified(one_venue(flows, 100.0, penalty_at(level), step=5.0)).shares["V take"]
        for level in levels
    ]
    assert market == sorted(market)
    assert (market[0], market[-1]) == (0, TARGET)
    assert len(set(market)) > 5


def test_beyond_the_largest_bid_worth_posting_every_share_is_taken(flows):
    under = penalty_at(0.61)
    answers = {s: certified(one_venue(flows, 100.0, under, s)).shares for s in (200, 250, 400)}
    posted = answers[200]["V post"]
    assert 0 < posted < 200
    for target, shares in answers.items():
        assert shares == {"V take": target - posted, "V post": posted}


# Several venues


def three_venues(theta):
    outflows = Outflow(family="exponential", mean=250.0, alpha=0.3, scenarios=100, seed=2).draw(3)
    moment = quotes(
        ask=[100.02, 100.03, 100.03],
        ask_size=[500.0] * 3,
        fee=[0.003] * 3,
        rebate=[0.002, 0.003, 0.001],
        queue=[100.0, 200.0, 0.0],
        best_bid=99.98,
        mid=100.0,
    )
    risk = RiskParams(0.03, 0.05, theta, "per_share")
    return compiled(outflows, moment, 300.0, risk, PlacementModel(step=50.0))


def test_theta_reduces_overbooking():
    thetas = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01]
    found = [certified(three_venues(theta)) for theta in thetas]
    overbooked = [sum(one.shares.values()) - 300 for one in found]
    assert overbooked == sorted(overbooked, reverse=True)
    assert overbooked[0] > overbooked[2] > overbooked[-1]
    # What theta weighs falls with it in any minimum.
    weighed = [300 + over + one.underfill for over, one in zip(overbooked, found, strict=True)]
    assert weighed == sorted(weighed, reverse=True)


def test_the_expected_cost_is_not_convex():
    """Outflows of 100 and 50, all of a bid of 100 at the first venue filled, S = 100.

    A bid at the second venue fills up to 50 shares, all of them in excess; those sent beyond 50
    cost theta alone.
    """
    problem = compiled(
        [[100.0, 50.0]],
        quotes(rebate=[0.0, 0.0], queue=[0.0, 0.0]),
        target=100.0,
        params=PlacementModel(step=5.0),
    )

    def cost(second):
        return problem.cost(np.array([0, 0, 20, second // 5]))

    slopes = [(cost(shares + 5) - cost(shares)) / 5 for shares in (0, 40, 45, 50, 55, 90)]
    steep, flat = 0.07 - 0.01 + 0.004, 0.004
    assert slopes == pytest.approx([steep, steep, steep, flat, flat, flat])
    assert cost(55) - 2 * cost(50) + cost(45) < 0


def test_a_descent_may_end_in_a_local_optimum():
    moment = quotes(
        ask=[100.02] * 2,
        ask_size=[0.0] * 2,
        fee=[0.0] * 2,
        rebate=[0.001, 0.002],
        queue=[0.0] * 2,
        best_bid=99.98,
        mid=100.0,
    )
    problem = compiled(
        [[200.0, 0.0], [150.0, 150.0], [0.0, 200.0]],
        moment,
        200.0,
        RiskParams(0.1, 0.03, 0.0005, "per_share"),
        PlacementModel(step=50.0),
    )
    stuck = np.zeros(4, np.int64)
    cost, _ = descend(tables_of(problem), ANY_RADIUS, UNLIMITED_STEPS, stuck)
    best = certified(problem)
    # 200 at the venue of the lower rebate and 50 at the other, where the reverse is better.
    assert stuck.tolist() == [0, 0, 4, 1]
    assert best.rungs.tolist() == [0, 0, 1, 4]
    assert cost == pytest.approx(problem.cost(stuck))
    assert cost > best.cost + 0.05
