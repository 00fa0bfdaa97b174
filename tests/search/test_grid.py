"""The grid, and the objective it ranks by."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import DataError
from sor_opt.market.book import BookParams
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import SCHEDULES
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.search.grid import run_grid
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.space import NAMES, Space


@pytest.fixture(scope="module")
def market():
    tape = generate(SyntheticParams(seed=3, minutes=30))
    orders = make_orders(tape, OrderParams(size=1000, horizon=120 * SECOND, every=180 * SECOND))
    return prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())


def test_the_27_points_are_ranked_by_train_and_their_outcomes_counted(market):
    grid = run_grid(ShortfallObjective(market), Space())
    scores = [point.outcome.train_bps for point in grid.points]
    assert len(scores) == 27
    assert scores == sorted(scores)
    assert 1 < grid.distinct <= 27
    assert not grid.flat
    assert {point.params for point in grid.points} == set(Space().grid())


@pytest.mark.parametrize("jobs", [2, 7, 64])
def test_a_grid_is_the_same_for_any_number_of_threads(market, jobs):
    reported = []
    alone = run_grid(ShortfallObjective(market), Space())
    shared = run_grid(
        ShortfallObjective(market, jobs=jobs), Space(), lambda *done: reported.append(done)
    )
    assert reported == [(done, 27) for done in range(1, 28)]
    for one, other in zip(alone.points, shared.points, strict=True):
        assert (one.params, one.outcome) == (other.params, other.outcome)
        assert one.result.outcome_key() == other.result.outcome_key()


def test_the_strict_space_is_flat(market):
    """Every admissible split executes the target exactly, so the parameters decide nothing."""
    strict = Policy(Now(), Static(model=StaticModel(space="strict")))
    grid = run_grid(ShortfallObjective(market, strict), Space())
    assert grid.flat


def test_points_of_one_threshold_and_excess_coincide(market):
    objective = ShortfallObjective(market)
    one = objective.replay(RiskParams(0.0010, 0.0005, 0.0001))
    other = objective.replay(RiskParams(0.00105, 0.00055, 0.00005))
    assert one.outcome_key() == other.outcome_key()


def test_train_and_test_are_split_by_time(market):
    objective = ShortfallObjective(market)
    n = len(market.orders)
    assert objective.train.sum() == n * 7 // 10
    assert not np.diff(objective.train.astype(int)).max() > 0
    result = objective.replay(RiskParams())
    outcome = objective.outcome(result)
    assert outcome.train_bps == pytest.approx(result.shortfall_bps[objective.train].mean())
    assert outcome.test_bps == pytest.approx(result.shortfall_bps[~objective.train].mean())


def fingerprint(tape, size=1000, rules=ReplayParams(), static=StaticModel(), schedule="now"):  # noqa: B008
    orders = make_orders(tape, OrderParams(size=size, every=180 * SECOND))
    market = prepare(tape, orders, rules, FeeSchedule.packaged())
    policy = Policy(SCHEDULES[schedule](), Static(model=static))
    return ShortfallObjective(market, policy).fingerprint()


def test_the_fingerprint_tells_data_orders_rules_and_policy_apart(market):
    base = fingerprint(market.tape)

    def differs(**changes):
        other = fingerprint(**{"tape": market.tape, **changes})
        return {key for key in base if base[key] != other[key]}

    assert differs() == set()
    assert differs(size=900) == {"orders"}
    assert differs(rules=ReplayParams(BookParams(SECOND))) == {"rules"}
    assert differs(static=StaticModel(space="strict")) == {"policy"}
    assert differs(schedule="twap") == {"policy"}
    assert "data" in differs(tape=generate(SyntheticParams(seed=4, minutes=30)))


def test_the_fingerprint_does_not_know_of_threads(market):
    one, several = ShortfallObjective(market), ShortfallObjective(market, jobs=4)
    assert one.fingerprint() == several.fingerprint()


def test_levels_are_read_from_toml(tmp_path):
    file = tmp_path / "levels.toml"
    file.write_text("lambda_under = [0.0001, 0.0002]\ntheta_queue = [0.00001]\n")
    space = Space.read(file)
    assert len(space.grid()) == 3 * 2 * 1
    assert space.levels("lambda_under") == (0.0001, 0.0002)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lambda_under = [0.002, 0.001]", "lambda_under must hold rising levels > 0"),
        ("lambda_under = []", "lambda_under must hold rising levels > 0"),
        ("lambda_oops = [1.0]", "unknown key 'lambda_oops'"),
        ("lambda_under = ", "is not TOML: Invalid value"),
        ("lambda_under = " + "[" * 5_000, "is nested too deeply"),
        ("lambda_under = " + "1" * 5_000, "holds a whole number that is too long"),
        ("lambda_under = 0x" + "f" * 5_000, "holds a whole number that is too long"),
        ("lambda_under = [1e-300]", "lambda_under must hold levels of 1e-12 to 1e.06, got"),
        ("lambda_under = [1e300]", "lambda_under must hold levels of 1e-12 to 1e.06, got"),
        ("reach = 1e300", "reach must be at most 1e.06, got 1e.300"),
        (
            "".join(f"{name} = [{', '.join(map(str, range(1, 23)))}]\n" for name in NAMES),
            "the levels make 10,648 points, more than 10,000",
        ),
        ("reach = 1", "reach must be > 1"),
        ("reach = true", "reach must be > 1, got True"),
        ("lambda_over = 0.001", "lambda_over must hold rising levels > 0, got 0.001"),
        ('lambda_over = ["a"]', r"lambda_over must hold rising levels > 0, got \['a'\]"),
        ("lambda_over = [true]", r"lambda_over must hold rising levels > 0, got \[True\]"),
        ('unit = "bps"', "unit must be fraction or per_share, got 'bps'"),
    ],
)
def test_wrong_levels_are_one_line_that_names_the_file(tmp_path, text, message):
    file = tmp_path / "levels.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        Space.read(file)
    assert "levels.toml" in str(caught.value)


def test_bounds_enclose_the_levels():
    space = Space()
    for name in NAMES:
        low, high = space.bounds(name)
        assert low < min(space.levels(name)) < max(space.levels(name)) < high


def test_the_seconds_are_those_of_the_replays(market, monkeypatch):
    clock = iter((100.0, 103.5))
    monkeypatch.setattr("sor_opt.search.grid.time.perf_counter", lambda: next(clock))
    assert run_grid(ShortfallObjective(market), Space()).seconds == 3.5
