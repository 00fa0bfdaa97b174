import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_fakes import MIXED, SPACE, penalties

from sor_opt.search.axis import LinearAxis
from sor_opt.search.narrowing import Round, narrow, rounds
from sor_opt.search.space import Space


def follow(function, space=SPACE, trials=150):
    """Rounds and values of a search of so many points, the last round's the whole of it."""
    values = {}
    passed = []
    for round_ in narrow(space, values):
        passed.append(round_)
        values.update((point, function(point)) for point in round_.points)
        if len(values) >= trials:
            break
    return passed, values


def walks(passed):
    return [round_ for round_ in passed if round_.parameter is not None]


def leaps(passed):
    return [round_ for round_ in passed[1:] if round_.parameter is None]


def bowl(target):
    return lambda point: sum(math.log(x / t) ** 2 for x, t in zip(point, target, strict=True))


def test_the_grid_comes_first():
    first = next(narrow(SPACE, {}))
    lambdas = (0.0005, 0.001, 0.002)
    thetas = (0.00005, 0.0001, 0.0002)
    assert list(first.points) == list(itertools.product(lambdas, lambdas, thetas))
    assert first.parameter is None


def test_a_best_at_an_end_moves_the_range_around_it():
    passed, _ = follow(bowl((0.002, 0.0005, 0.0002)))
    assert passed[1].ranges["lambda_over"] == pytest.approx((0.001, 0.0015, 0.002, 0.0025, 0.003))
    assert passed[1].ranges["lambda_under"] == pytest.approx(
        (0.00025, 0.000375, 0.0005, 0.000625, 0.00075)
    )


def test_a_best_inside_narrows_its_neighbours():
    passed, _ = follow(bowl((0.001, 0.001, 0.0001)))
    assert walks(passed)[0].ranges["lambda_over"] == (0.0005, 0.00075, 0.001, 0.0015, 0.002)


def test_ranges_are_cut_at_the_bounds():
    space = penalties(reach=1.25)
    passed, values = follow(lambda point: sum(point), space)
    best = min(values, key=values.get)
    assert best == tuple(axis.bounds.low for axis in space.axes)
    for point, (at, axis) in itertools.product(values, enumerate(space.axes)):
        assert axis.bounds.low <= point[at] <= axis.bounds.high
    for axis, round_ in itertools.product(space.axes, passed):
        low, high = axis.bounds
        assert low <= round_.ranges[axis.name][0] <= round_.ranges[axis.name][-1] <= high


def test_the_search_finds_a_minimum_between_and_beyond_the_levels():
    target = (0.0013, 0.00021, 0.00031)
    _, values = follow(bowl(target))
    assert min(values, key=values.get) == pytest.approx(target, rel=0.05)


def test_a_leap_scales_the_grids_best_point_by_one_factor_within_the_bounds():
    passed, _ = follow(bowl((0.0005, 0.002, 0.0001)))
    best = (0.0005, 0.002, 0.0001)
    assert leaps(passed)
    for round_ in leaps(passed):
        for point in round_.points:
            factor = point[0] / best[0]
            assert point == pytest.approx(tuple(factor * value for value in best))
    # lambda_over may fall to 2.5e-5 and lambda_under rise to 0.04, the others further.
    low, high = leaps(passed)[0].points
    assert low == pytest.approx((2.5e-5, 1e-4, 5e-6))
    assert high == pytest.approx((0.01, 0.04, 0.002))


def test_leaps_find_a_narrow_pit_far_from_the_grid():
    """A pit of 30 % of the threshold, a tenth of what the grid's lowest one is."""

    def pit(point):
        return -1.0 if 5e-5 <= point[1] + point[2] < 6.5e-5 else 1.0

    _, values = follow(pit, trials=100)
    assert min(values.values()) == -1.0


def test_a_parameter_without_a_part_rests_longer_each_time():
    """The grid shows no part of lambda_over: its walks come after a rest of one turn, and of three.

    The third time its range has nothing new.
    """
    passed, _ = follow(lambda point: bowl((1, 0.00021, 0.00031))((1, *point[1:])), trials=400)
    turns, turn = [], -1
    for before, round_ in itertools.pairwise(passed):
        turn += round_.parameter is None and (before is passed[0] or before.parameter is not None)
        if round_.parameter == "lambda_over":
            turns.append(turn)
    assert turns == [1, 5]


def test_a_flat_objective_keeps_the_earliest_point():
    passed, _ = follow(lambda _: 1.0)
    assert {round_.centre for round_ in passed[1:]} == {passed[0].points[0]}


def test_a_search_ends_when_nothing_is_left():
    space = penalties((0.001,), (0.001,), (0.0001,), reach=1.01)
    passed, values = follow(lambda point: point[1], space, trials=10_000)
    assert 40 < len(values) < 120
    assert passed[-1] == rounds(space, values)[-1]


def test_a_walk_changes_one_parameter_through_the_centre():
    passed, _ = follow(bowl((0.0013, 0.00021, 0.00031)))
    assert walks(passed)
    for round_ in walks(passed):
        axis = SPACE.names.index(round_.parameter)
        for point in round_.points:
            changed = [i for i in range(3) if point[i] != round_.centre[i]]
            assert changed == [axis]


def test_rounds_stop_where_the_values_do():
    passed, values = follow(bowl((0.0013, 0.00021, 0.00031)))
    known = dict(itertools.islice(values.items(), 45))
    reached = rounds(SPACE, known)
    assert reached == passed[: len(reached)]
    assert len(reached) > 2
    assert all(point in known for round_ in reached[:-1] for point in round_.points)
    assert not all(point in known for point in reached[-1].points)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 3, 10]),
    st.floats(1.1, 50),
    st.sampled_from([(0.001,), (0.0005, 0.001, 0.002)]),
    st.booleans(),
)
def test_no_point_repeats(salt, steps, reach, levels, mixed):
    space = MIXED if mixed else penalties(lambda_over=levels, reach=reach)
    evaluated = []

    def staircase(point):
        evaluated.append(point)
        scales = (math.log if axis.scale == "log" else float for axis in space.axes)
        coordinates = (scale(x) for scale, x in zip(scales, point, strict=True))
        return hash((salt, *(round(x * steps) for x in coordinates))) % 7

    values: dict = {}
    for round_ in itertools.islice(narrow(space, values), 50):
        assert isinstance(round_, Round)
        values.update((point, staircase(point)) for point in round_.points)
    assert len(set(evaluated)) == len(evaluated)


LINE = Space((LinearAxis("shift", (-1.0, 0.0, 1.0), -1.0, 1.0),))


def test_a_linear_axis_is_walked_by_half_its_width():
    """From 0, in the middle, the neighbours draw together; at an end a quarter of the width."""
    passed, _ = follow(lambda point: abs(point[0]), LINE)
    assert passed[1].ranges["shift"] == (-1.0, -0.5, 0.0, 0.5, 1.0)
    assert walks(passed)[0].ranges["shift"] == (-0.5, -0.25, 0.0, 0.25, 0.5)  # the leaps were there
    passed, _ = follow(lambda point: point[0], LINE)
    assert walks(passed)[0].ranges["shift"] == (-1.0, -0.75, -0.5)


@pytest.mark.parametrize("target", [-1.0, -0.37, 0.0, 0.62, 1.0])
def test_a_minimum_on_a_linear_axis_is_found_wherever_it_lies(target):
    _, values = follow(lambda point: abs(point[0] - target), LINE, trials=60)
    assert min(values, key=values.get)[0] == pytest.approx(target, abs=0.01)


def test_ratios_differences_and_whole_numbers_are_searched_together():
    def distance(point):
        ratio, shift, count = point
        return math.log(ratio / 0.004) ** 2 + (shift - 1.3) ** 2 + (count - 7) ** 2 / 10

    _, values = follow(distance, MIXED)
    ratio, shift, count = min(values, key=values.get)
    assert ratio == pytest.approx(0.004, rel=0.1)
    assert shift == pytest.approx(1.3, abs=0.1)
    assert count == 7


def test_a_search_of_few_whole_numbers_ends_with_the_best_of_them():
    space = Space((LinearAxis("count", (0, 20, 40), 0, 40, whole=True),))
    passed, values = follow(lambda point: abs(point[0] - 13), space, trials=10_000)
    assert min(values, key=values.get) == (13,)
    assert passed[-1] == rounds(space, values)[-1]
