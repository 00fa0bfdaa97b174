import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor_opt.search.narrowing import Round, narrow, rounds
from sor_opt.search.space import NAMES, Space

SPACE = Space()


def follow(function, space=SPACE):
    values = {}
    passed = []
    for round_ in narrow(space, values):
        passed.append(round_)
        values.update((point, function(point)) for point in round_.points)
    return passed, values


def bowl(target):
    return lambda point: sum(math.log(x / t) ** 2 for x, t in zip(point, target, strict=True))


def test_the_grid_comes_first():
    first = next(narrow(Space(), {}))
    grid = [tuple(getattr(p, name) for name in NAMES) for p in Space().grid()]
    assert list(first.points) == grid
    assert first.parameter is None


def test_a_best_at_an_end_moves_the_range_around_it():
    passed, _ = follow(bowl((0.002, 0.0005, 0.0002)))
    assert passed[1].ranges["lambda_over"] == pytest.approx((0.001, 0.0015, 0.002, 0.0025, 0.003))
    assert passed[1].ranges["lambda_under"] == pytest.approx(
        (0.00025, 0.000375, 0.0005, 0.000625, 0.00075)
    )


def test_a_best_inside_narrows_its_neighbours():
    passed, _ = follow(bowl((0.001, 0.001, 0.0001)))
    assert passed[1].ranges["lambda_over"] == (0.0005, 0.00075, 0.001, 0.0015, 0.002)


def test_ranges_are_cut_at_the_bounds():
    space = Space(reach=1.25)
    passed, values = follow(lambda point: sum(point), space)
    best = min(values, key=values.get)
    assert best == pytest.approx(tuple(space.bounds(name).low for name in NAMES))
    for name, round_ in itertools.product(NAMES, passed):
        low, high = space.bounds(name)
        assert low <= round_.ranges[name][0] <= round_.ranges[name][-1] <= high


def test_the_search_finds_a_minimum_between_and_beyond_the_levels():
    target = (0.0013, 0.00021, 0.00031)
    _, values = follow(bowl(target))
    assert min(values, key=values.get) == pytest.approx(target, rel=0.01)


def test_a_flat_objective_keeps_the_earliest_point_and_ends():
    passed, values = follow(lambda _: 1.0)
    assert {round_.centre for round_ in passed[1:]} == {passed[0].points[0]}
    assert len(values) < 100


def test_a_walk_changes_one_parameter_through_the_centre():
    passed, _ = follow(bowl((0.0013, 0.00021, 0.00031)))
    for round_ in passed[1:]:
        axis = NAMES.index(round_.parameter)
        for point in round_.points:
            changed = [i for i in range(3) if point[i] != round_.centre[i]]
            assert changed == [axis]


def test_rounds_stop_where_the_values_do():
    passed, values = follow(bowl((0.0013, 0.00021, 0.00031)))
    known = dict(itertools.islice(values.items(), 30))
    reached = rounds(Space(), known)
    assert reached == passed[: len(reached)]
    assert all(point in known for round_ in reached[:-1] for point in round_.points)
    assert not all(point in known for point in reached[-1].points)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 3, 10]),
    st.floats(1.1, 50),
    st.sampled_from([(0.001,), (0.0005, 0.001, 0.002)]),
)
def test_no_point_repeats_and_every_search_ends(salt, steps, reach, levels):
    space = Space(lambda_over=levels, reach=reach)
    visits = []

    def staircase(point):
        visits.append(point)
        return hash((salt, *(round(math.log(x) * steps) for x in point))) % 7

    values: dict = {}
    for round_ in itertools.islice(narrow(space, values), 500):
        assert isinstance(round_, Round)
        values.update((point, staircase(point)) for point in round_.points)
    assert len(set(visits)) == len(visits)
