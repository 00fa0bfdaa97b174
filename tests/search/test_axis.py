"""What an axis does to numbers, by hand and for any that it may hold."""

from __future__ import annotations

import math
from typing import Annotated

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sor_opt.errors import ConfigError
from sor_opt.params import Parameter, Range, parameters
from sor_opt.search.axis import MAX_LEVEL, Axis, LinearAxis, LogAxis

SCALES = st.sampled_from([LogAxis, LinearAxis])


@st.composite
def axes(draw):
    """An axis of any kind, its levels anywhere between its ends."""
    scale, whole = draw(SCALES), draw(st.booleans())
    if whole:
        numbers = st.integers(1 if scale is LogAxis else -1000, 1000)
    else:
        numbers = st.floats(1e-6 if scale is LogAxis else -1000.0, 1000.0)
    chosen = sorted(draw(st.lists(numbers, min_size=3, max_size=6, unique=True)))
    low, *levels, high = chosen
    reach = None if whole else draw(st.none() | st.floats(1.5, 100.0))
    assume(levels != [0.0] or reach is None)  # zero alone reaches nowhere
    return scale("x", tuple(levels), low, high, whole, reach)


shares = st.floats(0.0, 1.0)


@given(axes())
def test_the_bounds_hold_the_levels_and_keep_to_the_ends(axis):
    low, high = axis.bounds
    assert axis.low <= low <= axis.levels[0] <= axis.levels[-1] <= high <= axis.high
    assert low < high


@given(axes(), shares, shares)
def test_shares_go_from_bound_to_bound_and_never_back(axis, one, other):
    assert (axis.at(0.0), axis.at(1.0)) == pytest.approx(axis.bounds, abs=1e-12)
    small, large = sorted((one, other))
    assert axis.bounds.low <= axis.at(small) <= axis.at(large) <= axis.bounds.high


@given(axes(), shares, st.floats(1e-3, 1e3))
def test_what_an_axis_gives_is_a_value_of_it(axis, share, factor):
    value = axis.at(share)
    around = axis.around(value)
    assert value in around
    assert list(around) == sorted(set(around))
    assert around[-1] - around[0] <= axis.span(value) * (1 + 1e-9) + axis.whole
    for given_by in (value, axis.scaled(value, factor), *around):
        assert axis.bounds.low <= given_by <= axis.bounds.high
        assert axis.value(given_by) == given_by


@given(axes(), shares, shares)
def test_a_factor_leads_from_a_value_to_another_one(axis, one, other):
    start, end = axis.at(one), axis.at(other)
    assert axis.scaled(start, axis.factor(start, end)) == pytest.approx(end, rel=1e-6, abs=1e-6)
    assert axis.factor(start, start) == 1.0
    assert axis.scaled(start, 1.0) == start


@given(axes(), shares)
def test_a_factor_near_1_moves_by_its_excess_in_spans(axis, share):
    axis = type(axis)("x", axis.levels, axis.low, axis.high)  # of any numbers
    value = axis.at(share)
    moved = axis.scaled(value, 1 + 1e-6) - value
    room = axis.bounds.high - value
    assert moved == pytest.approx(min(1e-6 * axis.span(value), room), rel=1e-2, abs=1e-12)


def test_a_log_axis_multiplies():
    axis = LogAxis("x", (1.0, 4.0), 0.01, 20.0, reach=10.0)
    assert axis.bounds == (0.1, 20.0)
    assert axis.at(0.5) == pytest.approx(math.sqrt(2.0))
    assert axis.around(2.0) == (1.0, 1.5, 2.0, 2.5, 3.0)
    assert axis.scaled(2.0, 3.0) == 6.0
    assert axis.scaled(2.0, 1000.0) == 20.0
    assert axis.factor(2.0, 6.0) == 3.0
    assert axis.size == math.inf


def test_a_linear_axis_adds_and_has_zero_and_negative_levels():
    axis = LinearAxis("x", (-2.0, 0.0), -4.0, 4.0)
    assert axis.bounds == (-4.0, 4.0)
    assert axis.at(0.25) == -2.0
    assert axis.around(0.0) == (-2.0, -1.0, 0.0, 1.0, 2.0)
    assert axis.around(-4.0) == (-4.0, -3.0, -2.0)
    assert axis.scaled(0.0, math.exp(0.5)) == 2.0  # half a span of 4
    assert axis.factor(0.0, -4.0) == pytest.approx(math.exp(-1))


def test_the_reach_of_a_negative_level_goes_away_from_zero():
    assert LinearAxis("x", (-1.0, 2.0), -9.0, 9.0, reach=3.0).bounds == (-3.0, 6.0)
    assert LinearAxis("x", (-1.0, 0.0), -9.0, 9.0, reach=3.0).bounds == (-3.0, 0.0)


def test_whole_numbers_are_rounded_and_each_of_them_comes_once():
    axis = LinearAxis("x", (1, 2.4, 2.6, 3.3), 1, 5, whole=True)
    assert axis.levels == (1, 2, 3)
    assert axis.bounds == (1, 5)
    assert axis.size == 5
    assert axis.around(3) == (2, 3, 4)
    assert axis.at(0.6) == 3
    assert all(type(level) is int for level in axis.levels)


def test_every_whole_number_is_next_to_another_one_however_few_there_are():
    assert LinearAxis("x", (0,), 0, 1, whole=True).around(0) == (0, 1)
    assert LogAxis("x", (1,), 1, 2, whole=True).around(1) == (1, 2)


def one(hint, value=1) -> Parameter:
    from dataclasses import make_dataclass

    (found,) = parameters(make_dataclass("Own", [("x", hint, value)], frozen=True)())
    return found


def test_an_axis_takes_the_range_of_its_parameter():
    ratio = one(Annotated[float, Range(0.1, 10.0, log=True)])
    assert Axis.of(ratio) == LogAxis("x", (0.1, 1.0, 10.0), 0.1, 10.0)
    count = one(Annotated[int, Range(0, 8, (1, 2), reach=2.0)])
    assert Axis.of(count) == LinearAxis("x", (1, 2), 0, 8, True, 2.0)
    assert Axis.of(count).bounds == (1, 4)
    assert Axis.of(count, (3, 4), 1.5) == LinearAxis("x", (3, 4), 0, 8, True, 1.5)
    assert Axis.of(ratio, [0.5], 1.5) == LogAxis("x", (0.5,), 0.1, 10.0)


def test_a_parameter_without_a_range_keeps_between_its_levels():
    assert Axis.of(one(float), [-1.0, 3.0]) == LinearAxis("x", (-1.0, 3.0), -1.0, 3.0)
    assert Axis.of(one(int), [1, 3]) == LinearAxis("x", (1, 3), 1, 3, True)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LogAxis("x", (0.0, 1.0), 0.0, 1.0), "x must hold rising levels > 0, got [0.0, 1."),
        (lambda: LinearAxis("x", (), 0.0, 1.0), "x must hold rising levels, got []"),
        (lambda: LinearAxis("x", (1.0, 1.0), 0.0, 1.0), "x must hold rising levels, got [1.0, 1."),
        (lambda: LinearAxis("x", (math.nan,), 0.0, 1.0), "x must hold rising levels, got [nan]"),
        (lambda: LinearAxis("x", (0.0, math.inf), 0.0, 1.0), "x must hold rising levels, got"),
        (lambda: LinearAxis("x", (0.0, 2.0), 0.0, 1.0), "x must hold levels of 0 to 1, got [0.0"),
        (lambda: LinearAxis("x", (0.5,), 1.0, 0.0), "x must keep to +-1e+15, got 1 to 0"),
        (lambda: LinearAxis("x", (0.5,), 0.0, 2 * MAX_LEVEL), "x must keep to +-1e+15, got 0 to 2"),
        (lambda: LinearAxis("x", (1,), 0.5, 2, True), "x must begin and end with whole numbers,"),
        (lambda: LinearAxis("x", (0.0,), -1.0, 1.0, reach=2.0), "x takes one value alone, 0, and"),
        (lambda: LinearAxis("x", (0.5,), 0.0, 1.0, reach=1.0), "reach must be > 1 and at most"),
        (lambda: LinearAxis("x", (0.5,), 0.0, 1.0, reach=1e7), "reach must be > 1 and at most"),
        (
            lambda: LinearAxis("x", (5,), 1, 9, True, 1.1),
            "x takes one value alone, 5, and does not move",
        ),
        (lambda: Axis.of(one(float), [50.0]), "x takes one value alone, 50"),
        (lambda: Axis.of(one(float)), "x has no range; name its levels"),
        (lambda: Axis.of(one(int), [1, 2.5]), "x must hold whole numbers, got [1, 2.5]"),
        (lambda: Axis.of(one(str, "a"), ["a"]), "x is no number, and is not searched; give one"),
        (lambda: Axis.of(one(bool, False), [0, 1]), "x is no number, and is not searched; give"),
    ],
)
def test_what_is_no_axis_is_refused(make, text):
    with pytest.raises(ConfigError) as error:
        make()
    assert str(error.value).startswith(text)
