"""What a policy is held against: routing under its own schedule, timing under another one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.errors import DataError
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.schedules.vwap import Vwap

ROWS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (0, 1, 9.97, 100, 10.03, 300),
    (40, 0, 9.98, 100, 10.01, 100),
]


@dataclass(frozen=True)
class Late(Schedule):
    """Nothing is due before a second."""

    second: int = 20

    def due(self, view):
        return view.size if view.now >= view.start + self.second * 10**9 else 0.0


@pytest.fixture
def scene(market):
    return market(ROWS, size=200, horizon=60, slice_seconds=30)


def measured(baselines):
    return {name: baseline.measures for name, baseline in baselines.items()}


@pytest.mark.parametrize(
    ("policy", "routing", "timing"),
    [
        (named("static"), ["best-ask"], ["twap", "pro-rata"]),
        (named("placement"), ["twap", "pro-rata"], ["best-ask"]),
        (Policy(AlmgrenChriss(), Sweep()), ["ac x best-ask"], ["best-ask", "twap", "pro-rata"]),
        (Policy(Late(), Static()), ["Late x best-ask"], ["best-ask", "twap", "pro-rata"]),
    ],
    ids=["now", "twap", "ac", "own"],
)
def test_routing_comes_first_and_has_best_ask_under_the_policys_schedule(
    scene, policy, routing, timing
):
    found = run_baselines(scene, policy)
    assert [*measured(found).items()] == [
        *((name, "routing") for name in routing),
        *((name, "timing") for name in timing),
    ]
    reference = run(scene, Policy(policy.schedule, BestAsk()))
    assert found[routing[0]].result.outcome_key() == reference.outcome_key()


def test_the_policys_own_parameters_of_a_schedule_are_the_baselines(market):
    """Of an urgent order more is due in the first of two slices."""
    scene = market([(0, 0, 9.98, 500, 10.02, 500)], size=200, horizon=60, slice_seconds=30)
    first = []
    for urgency in (1.0, 8.0):
        policy = Policy(AlmgrenChriss(urgency), Sweep())
        replay = run_baselines(scene, policy)["ac x best-ask"].result.replay
        first.append(replay.shares[replay.ts < scene.orders.starts[0] + 30 * 10**9].sum())
    assert first[0] < first[1]


@pytest.fixture
def curve(tmp_path):
    """All volume is from 09:30:30 on: the first slice has nothing due."""
    path = tmp_path / "curve.csv"
    path.write_text("time,volume\n09:30,0\n09:30:30,500\n")
    return path


def seconds(scene, baseline):
    return ((baseline.result.replay.ts - scene.orders.starts[0]) / 1e9).tolist()


def test_the_baseline_vwap_needs_earlier_days_or_a_curve(scene, curve):
    assert [*run_baselines(scene, named("static"))] == ["best-ask", "twap", "pro-rata"]
    found = run_baselines(scene, named("static"), {"curve": curve, "lambda_under": 0.1})
    assert [*found] == ["best-ask", "twap", "pro-rata", "vwap"]
    assert found["vwap"].measures == "timing"
    assert seconds(scene, found["vwap"]) == [30, 40]


def test_under_vwap_the_baseline_follows_the_policys_curve(scene, curve):
    found = run_baselines(scene, Policy(Vwap(curve), Sweep()))
    assert measured(found)["vwap"] == "routing"
    assert next(iter(found)) == "vwap"
    assert seconds(scene, found["vwap"]) == [30, 40]


def test_a_curve_that_tells_nothing_is_refused(scene, curve):
    curve.write_text("time,volume\n10:30,5\n10:31,5\n")
    with pytest.raises(DataError, match=r"curve.csv: tells no volume to expect during the order"):
        run_baselines(scene, named("static"), {"curve": curve})
