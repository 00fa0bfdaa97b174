"""How large a number may be."""

from __future__ import annotations

import pytest

from sor_opt.errors import ConfigError
from sor_opt.models.bounds import check_size, check_step
from sor_opt.models.outflow import MAX_MEAN, Outflow
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import Fee, Venue

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("step", [1e-6, 0.1, 100.0, 1e12])
def test_chunks_of_use(step):
    check_step(step)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (0.0, "step must be > 0, got 0"),
        (-1.0, "step must be > 0, got -1"),
        (NAN, "step must be > 0, got nan"),
        (INF, "step must be > 0, got inf"),
        (9e-7, "step must be 1e-06 to 1e+12, got 9e-07"),
        (1.1e12, "step must be 1e-06 to 1e+12, got 1.1e+12"),
    ],
)
def test_chunks_of_no_use(step, message):
    with pytest.raises(ConfigError) as refusal:
        check_step(step)
    assert str(refusal.value) == message


@pytest.mark.parametrize("size", [1e-9, 0.5, 1e12])
def test_orders_of_use(size):
    check_size(size)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0.0, "size must be > 0, got 0"),
        (NAN, "size must be > 0, got nan"),
        (INF, "size must be > 0, got inf"),
        (1.1e12, "size must be at most 1e+12, got 1.1e+12"),
    ],
)
def test_orders_of_no_use(size, message):
    with pytest.raises(ConfigError) as refusal:
        check_size(size)
    assert str(refusal.value) == message


def test_the_largest_and_smallest_of_everything_are_allowed():
    venue = Venue("A", 1e-9, 1e12, 1e9, 1e-9, fee=-1e9, rebate=1e9, queue=0.0)
    assert (venue.bid, venue.ask) == (1e-9, 1e9)
    assert RiskParams(0.0, 1e6, 0.0, unit="per_share").lambda_under == 1e6
    assert Outflow(family="exponential", mean=MAX_MEAN).mean == 1e15


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("bid", 1.1e9, "1e+09"),
        ("ask", 1.1e9, "1e+09"),
        ("bid_size", 1.1e12, "1e+12"),
        ("ask_size", 1.1e12, "1e+12"),
        ("fee", -1.1e9, "1e+09"),
        ("rebate", 1.1e9, "1e+09"),
    ],
)
def test_what_is_larger_is_refused_with_its_venue(name, value, most):
    with pytest.raises(ConfigError) as refusal:
        Venue("A", **{"bid": 10.0, "ask": 10.1, name: value})
    assert str(refusal.value) == f"A: {name} must be at most {most}, got {value:g}"


def test_a_fee_per_share_is_less_than_half_a_dollar():
    from datetime import date

    day = date(2024, 1, 2)
    assert Fee("A", day, 0.4999, -0.4999) == Fee("A", day, 0.4999, -0.4999, "", assumption=False)
    for name, value in (("taker", 0.5), ("taker", -0.5), ("rebate", 0.5), ("rebate", NAN)):
        with pytest.raises(ConfigError, match=f"^{name} of 'A' must be dollars per share, got"):
            Fee("A", day, **{"taker": 0.0, "rebate": 0.0, name: value})


def test_an_outflow_is_a_thousand_independent_draws_by_default():
    drawn = Outflow(family="pareto", mean=5.0)
    assert (drawn.alpha, drawn.tail, drawn.scenarios, drawn.seed) == (0.0, 2.5, 1000, 0)
    assert drawn.draw(2).shape == (1000, 2)
    with pytest.raises(ConfigError, match=r"^samples need no alpha$"):
        Outflow(samples=((1.0,),), alpha=0.5)
    with pytest.raises(ConfigError, match=r"^samples must be rows of one number per venue$"):
        Outflow(samples=[(1.0,)])  # type: ignore[arg-type]
