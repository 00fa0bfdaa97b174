"""Points that scale all parameters by one factor, by hand."""

from __future__ import annotations

import itertools
import math

import pytest
from search_fakes import penalties

from sor_opt.search.axis import LinearAxis
from sor_opt.search.scaling import NARROWEST, Scaling
from sor_opt.search.space import Space

SPACE = penalties((1.0,), (1.0,), (1.0,), reach=16.0)
BASE = (1.0, 1.0, 1.0)


def at(factor):
    return (factor, factor, factor)


def begun(known=(BASE,), space=SPACE, base=BASE):
    scaling = Scaling(space, base, known)
    return scaling, scaling.following({})


def test_the_ends_of_the_space_come_first():
    assert begun()[1] == (at(1 / 16), at(16.0))


def test_the_parameter_that_is_nearest_to_its_bound_ends_the_interval():
    _, (low, high) = begun(
        space=penalties((1.0,), (2.0,), (4.0,), reach=10.0), base=(1.0, 4.0, 2.0)
    )
    # 0.1 to 10, 0.2 to 20 and 0.4 to 40 of 1, 4 and 2: factors 0.2 to 5.
    assert low == pytest.approx((0.2, 0.8, 0.4))
    assert high == pytest.approx((5.0, 20.0, 10.0))


def test_the_lower_of_two_equally_wide_gaps_is_cut_in_the_middle():
    scaling, _ = begun()
    values = {at(1 / 16): 3.0, at(1.0): 2.0, at(16.0): 1.0}
    assert scaling.following(values) == (at(4.0),)


def test_every_gap_that_some_slope_favours_is_cut():
    """Gaps from 1/16 of widths log 16, 4, 2 and 2 with values 4, 1, 0 and 0.

    The widest, the second with the lowest value, and the one between them, whose value lies below
    the line of the other two: (log 4 - log 2) / (log 16 - log 2) x 4 = 1.33 > 1. Of those equally
    wide and low the leftmost is cut.
    """
    scaling, _ = begun([BASE, at(4.0), at(8.0)])
    values = {at(1 / 16): 5.0, BASE: 4.0, at(4.0): 1.0, at(8.0): 0.0, at(16.0): 2.0}
    assert scaling.following(values) == pytest.approx(
        [pytest.approx(at(math.sqrt(32))), pytest.approx(at(2.0)), pytest.approx(at(0.25))]
    )


def test_a_gap_above_the_line_of_its_neighbours_is_not_cut():
    scaling, _ = begun([BASE, at(4.0), at(8.0)])
    values = {at(1 / 16): 5.0, BASE: 4.0, at(4.0): 1.5, at(8.0): 0.0, at(16.0): 2.0}
    assert [point[0] for point in scaling.following(values)] == pytest.approx([math.sqrt(32), 0.25])


def test_equal_ends_count_as_a_tenth_as_wide():
    """The gap up to 16 is a plateau: log 16 / 10 is less than log 2, and no slope favours it."""
    scaling, _ = begun([at(0.5), BASE])
    values = {at(1 / 16): 1.5, at(0.5): 2.0, BASE: 1.0, at(16.0): 1.0}
    cut = [point[0] for point in scaling.following(values)]
    assert cut == pytest.approx([math.sqrt(0.5), math.sqrt(1 / 32)])


def test_gaps_too_narrow_are_left_and_a_search_of_them_ends():
    reach = math.exp(NARROWEST * 0.9)
    scaling, ends = begun(space=penalties((1.0,), (1.0,), (1.0,), reach=reach))
    assert scaling.following(dict(zip((BASE, *ends), (0.0, 1.0, 2.0), strict=True))) == ()


def test_multiples_among_the_known_points_count_from_the_start():
    space = penalties((1.0, 2.0), (1.0, 2.0), (1.0, 2.0), reach=8.0)
    grid = list(itertools.product((1.0, 2.0), repeat=3))
    scaling, ends = begun(grid, space)
    values = dict.fromkeys((*grid, *ends), 1.0) | {ends[0]: 0.0, at(2.0): 0.5}
    # From 1/8 to 1, to 2, to 16: the first two have unequal ends, the last too.
    assert [point[0] for point in scaling.following(values)] == pytest.approx([math.sqrt(1 / 8)])


LINES = Space((LinearAxis("a", (0.0,), -1.0, 1.0), LinearAxis("b", (0.0,), -2.0, 2.0)))


def test_differences_move_in_spans_by_the_logarithm():
    scaling, ends = begun([(0.0, 0.0)], LINES, (0.0, 0.0))
    assert ends == (pytest.approx((-1.0, -2.0)), pytest.approx((1.0, 2.0)))
    values = {(0.0, 0.0): 2.0, ends[0]: 1.0, ends[1]: 3.0}
    assert scaling.following(values) == (pytest.approx((-0.5, -1.0)),)


def test_a_parameter_at_a_bound_stays_there():
    """From the corner (1, -2) only b goes up, and only a goes down."""
    _, ends = begun([(1.0, -2.0)], LINES, (1.0, -2.0))
    assert ends == (pytest.approx((-1.0, -2.0)), pytest.approx((1.0, 2.0)))


def test_multiples_of_differences_count_from_the_start():
    known = [(0.0, 0.0), (0.5, 1.0), (0.5, -1.0), (1.0, 0.0)]
    scaling, ends = begun(known, LINES, (0.0, 0.0))
    values = dict.fromkeys((*known, *ends), 1.0) | {ends[1]: 0.0}
    assert scaling.following(values) == (pytest.approx((0.75, 1.5)),)


def test_gaps_between_equal_whole_numbers_are_not_cut():
    space = Space((LinearAxis("n", (1,), 0, 2, whole=True),))
    scaling, ends = begun([(1,)], space, (1,))
    assert ends == ((0,), (2,))
    values = {(0,): 0.0, (1,): 1.0, (2,): 2.0}
    given = [point for _ in range(100) for point in scaling.following(values)]
    assert set(given) <= set(values)
    assert scaling.following(values) == ()
