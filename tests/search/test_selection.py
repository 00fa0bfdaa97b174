"""The probability of overfitting and Hansen's SPA: published examples, noise, planted winners."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest
from arch.bootstrap import SPA
from r_numbers import r_normals

from sor_opt.backtest.orders import ParentOrders
from sor_opt.backtest.risk import Cvar, Mean, Measure
from sor_opt.market.tape import SECOND
from sor_opt.search.selection import distinct, pbo, spa

MEASURES = (Mean(), Cvar(0.8))


def orders(count: int, every: int = 600, days: int = 1) -> ParentOrders:
    """Orders of nine minutes that start so many seconds apart, the same number on each day."""
    day = np.arange(count) // math.ceil(count / days)
    starts = np.arange(count) * every * SECOND + day * 86_400 * SECOND
    return ParentOrders("buy", 100.0, 540 * SECOND, starts, starts + 10**12, day)


def noise(rng, count: int, points: int = 27):
    """Costs as skewed as those of orders, alike at every point but for chance."""
    return rng.gamma(1.0, 4.0, (count, points))


def plain_pbo(costs, blocks: int, measure: Measure) -> float:
    """The paper's steps one by one, over orders that do not overlap."""
    parts = np.array_split(np.arange(len(costs)), blocks)
    lost = 0
    ways = list(itertools.combinations(range(blocks), blocks // 2))
    for way in ways:
        inside = np.concatenate([parts[at] for at in way])
        outside = np.setdiff1d(np.arange(len(costs)), inside)
        chosen = int(np.argmin(measure.of(costs[inside])))
        scores = list(measure.of(costs[outside]))
        worse = sum(score > scores[chosen] for score in scores)
        equal = sum(score == scores[chosen] for score in scores)
        w = (worse + (equal + 1) / 2) / (len(scores) + 1)
        lost += math.log(w / (1 - w)) <= 0
    return lost / len(ways)


@dataclass(frozen=True)
class Sharpe(Measure):
    """Minus the Sharpe ratio of costs that are minus returns, as the R package's examples do it."""

    form = "sharpe"

    def _of_known(self, costs):
        excess = -costs - 0.03 / 252
        return -excess.mean(axis=0) / excess.std(axis=0, ddof=1)


def test_r_s_draws_are_made_again():
    assert r_normals(42, 2) == pytest.approx([1.37095844714667, -0.564698171396089], abs=1e-13)


def test_the_vignette_of_the_r_package_pbo():
    """CRAN's pbo 1.3.5, "Using the PBO package": noise, centred, so that PBO is 1.

    Its summary also tells the intercept of a line through the Sharpe ratios of the chosen points,
    -0.003046, which no other draws have.
    """
    returns = r_normals(765, 240_000).reshape(100, 2400).T
    returns = returns / math.sqrt(252) / returns.std(axis=0, ddof=1)
    returns -= returns.mean(axis=0)
    assert pbo(-returns, orders(2400), Sharpe(), blocks=8) == 1.0
    pairs = []
    for way in itertools.combinations(range(8), 4):
        inside = np.isin(np.arange(2400) // 300, way)
        first, second = (-Sharpe().of(-returns[which]) for which in (inside, ~inside))
        pairs.append((first.max(), second[first.argmax()]))
    chosen, later = np.transpose(pairs)
    assert np.polyfit(later, chosen, 1)[1] == pytest.approx(-0.003046, abs=5e-7)


@pytest.mark.parametrize(
    ("points", "count", "blocks", "expected"), [(40, 200, 4, 0.5), (4, 20, 2, 0.0)]
)
def test_the_tests_of_the_r_package_pbo(points, count, blocks, expected):
    returns = r_normals(852, points * count).reshape(count, points)
    assert pbo(-returns, orders(count), Sharpe(), blocks=blocks) == expected


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("points", [2, 5, 8])
def test_pbo_is_what_the_paper_s_steps_give(measure, points):
    costs = np.round(noise(np.random.default_rng(points), 41, points))  # whole bps: there are ties
    assert pbo(costs, orders(41), measure, blocks=10) == plain_pbo(costs, 10, measure)


@pytest.mark.parametrize("measure", MEASURES)
def test_pbo_of_noise_is_a_half(measure):
    rng = np.random.default_rng(1)
    found = [pbo(noise(rng, 39), orders(39), measure, blocks=8) for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("measure", MEASURES)
def test_pbo_of_a_planted_winner_is_small(measure):
    rng = np.random.default_rng(2)
    found = []
    for _ in range(50):
        costs = noise(rng, 39)
        costs[:, 13] = 0.2 * costs[:, 13]
        found.append(pbo(costs, orders(39), measure))
    assert np.mean(found) < 0.05


def test_equal_points_count_once_and_unknown_orders_not_at_all():
    costs = noise(np.random.default_rng(3), 40, 9)
    alone = pbo(costs[1:], orders(39))
    unknown = np.repeat(costs, 3, axis=1)
    unknown[0, 5] = np.nan
    assert pbo(unknown, orders(40)) == alone
    assert distinct(unknown) == 9


def test_no_half_knows_a_part_of_the_other():
    """Of nine orders at once eight last into the next block: what they cost is not looked at."""
    costs = noise(np.random.default_rng(4), 16 * 18, 5)
    changed = costs.copy()
    changed.reshape(16, 18, 5)[:-1, -8:] = 99.0
    assert pbo(costs, orders(16 * 18, every=60)) == pbo(changed, orders(16 * 18, every=60))
    changed.reshape(16, 18, 5)[:-1, -9] = [1.0, 99.0, 99.0, 99.0, 99.0]
    assert pbo(costs, orders(16 * 18, every=60)) != pbo(changed, orders(16 * 18, every=60))


def test_where_there_is_no_pbo():
    costs = noise(np.random.default_rng(5), 39, 4)
    assert pbo(costs[:15], orders(15)) is None
    assert pbo(costs[:16], orders(16)) is not None
    assert pbo(costs, orders(39, every=60)) is None
    assert pbo(np.repeat(costs[:, :1], 4, axis=1), orders(39)) is None
    assert pbo(np.full_like(costs, np.nan), orders(39)) is None


def test_pbo_of_6000_points_stays_in_bounds():
    costs = noise(np.random.default_rng(6), 39, 6000)
    tracemalloc.start()
    assert 0 <= pbo(costs, orders(39)) <= 1
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()


def test_spa_is_arch_s_where_studentising_changes_nothing():
    """Of many orders and equal, symmetric errors; what is left is the resampling."""
    rng = np.random.default_rng(7)
    for shift in (0.0, 0.1, 0.2):
        costs = rng.normal(0.0, 1.0, (400, 6))
        costs[:, 2] -= shift
        default = rng.normal(0.0, 1.0, 400)
        theirs = SPA(default, costs, block_size=1, reps=2000, seed=1)
        theirs.compute()
        assert spa(costs, default, orders(400)) == pytest.approx(
            theirs.pvalues["consistent"], abs=0.05
        )


@pytest.mark.parametrize(("count", "days"), [(27, 1), (135, 5), (270, 10)])
def test_spa_rejects_noise_no_more_often_than_it_says(count, days):
    rng = np.random.default_rng(8)
    costs = (noise(rng, count) for _ in range(300))
    found = [spa(each, each[:, 0], orders(count, days=days)) for each in costs]
    assert np.mean(np.array(found) < 0.05) <= 0.065


def test_spa_finds_a_planted_winner():
    rng = np.random.default_rng(9)
    shared = noise(rng, 27, 1)
    costs = shared + rng.normal(0.0, 1.0, (27, 26))
    costs[:, 5] -= 1.5
    assert spa(costs, shared[:, 0], orders(27)) < 0.01


def test_a_point_that_differs_at_one_order_hides_no_other():
    rng = np.random.default_rng(10)
    default = noise(rng, 27, 1)[:, 0]
    better = default - 1.0 + rng.normal(0.0, 0.5, 27)
    once = default.copy()
    once[3] += 50.0
    assert spa(np.column_stack([better, once]), default, orders(27)) < 0.01


def test_where_there_is_no_spa():
    costs = noise(np.random.default_rng(11), 39, 4)
    default = costs[:, 0]
    assert spa(costs[:7], default[:7], orders(7)) is None
    assert spa(costs[:8], default[:8], orders(8)) is not None
    assert spa(costs, default, orders(39, every=60)) is None
    assert spa(costs, default, orders(39, every=60, days=8)) is not None
    assert spa(costs[:, :1], default, orders(39)) is None
    assert spa(costs, np.full(39, np.nan), orders(39)) is None


def test_spa_follows_its_seed():
    costs, default = np.split(noise(np.random.default_rng(14), 39, 5), [4], axis=1)
    found = [spa(costs, default[:, 0], orders(39), seed) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


def test_what_begins_before_another_ends_is_resampled_together():
    """Of nine orders at once 27 are one observation: their order within it does not matter."""
    rng = np.random.default_rng(13)
    costs = noise(rng, 270, 4)
    mixed = rng.permuted(costs.reshape(10, 27, 4), axis=1).reshape(270, 4)
    default = np.zeros(270) + 4.0
    overlapping = orders(270, every=60)
    assert spa(costs, default, overlapping) == pytest.approx(spa(mixed, default, overlapping))
    apart = replace(overlapping, horizon=60 * SECOND)
    assert spa(costs, default, apart) != spa(costs, default, overlapping)
