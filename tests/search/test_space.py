"""The space of a policy, the file that changes it, and the record that gives it back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_router import PATIENT, Patient
from search_fakes import MIXED, SPACE

from sor_opt.errors import ConfigError, DataError
from sor_opt.params import Range
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.pov import Pov
from sor_opt.search.axis import LinearAxis, LogAxis
from sor_opt.search.space import Space

STATIC = named("static")


def test_the_three_penalties_are_the_usual_27_points():
    assert SPACE.names == ("lambda_over", "lambda_under", "theta_queue")
    assert SPACE.fixed == {"unit": "fraction"}
    grid = SPACE.grid()
    assert len(grid) == 27
    lowest = {"lambda_over": 0.0005, "lambda_under": 0.0005, "theta_queue": 0.00005}
    assert grid[0] == {**lowest, "unit": "fraction"}
    assert grid[1] == {**grid[0], "theta_queue": 0.0001}
    assert [axis.bounds for axis in SPACE.axes] == [
        (0.0005 / 20, 0.04),
        (0.0005 / 20, 0.04),
        (0.00005 / 20, 0.004),
    ]


def test_a_policys_own_values_set_the_unit():
    per_share = STATIC.having({"unit": "per_share", "theta_queue": 0.5})
    assert Space.of(per_share).fixed == {"unit": "per_share"}
    assert Space.of(per_share).axes == SPACE.axes


def test_a_users_own_parameters_are_its_space():
    space = Space.of(PATIENT)
    assert space.axes == (
        LinearAxis("part", (0.0, 0.5, 1.0), 0.0, 1.0),
        LogAxis("lots", (1, 4, 16), 1, 16, whole=True),
    )
    assert space.fixed == {}
    assert space.grid()[1] == {"part": 0.0, "lots": 4}
    moved = PATIENT.having(space.grid()[-1]).router
    assert moved == Patient(1.0, 16)
    assert type(moved.lots) is int


def test_schedule_and_router_are_searched_together():
    both = Policy(Pov(), Patient())
    assert Space.of(both, {"pov_rate": [0.1, 0.2], "lots": 4}).names == ("pov_rate", "part")


def read(tmp_path, text, policy=STATIC):
    file = tmp_path / "levels.toml"
    file.write_text(text)
    return Space.read(policy, file)


def test_levels_are_read_from_toml(tmp_path):
    space = read(tmp_path, "lambda_under = [0.0001, 0.0002]\ntheta_queue = [0.00001]\nreach = 2\n")
    assert len(space.grid()) == 3 * 2 * 1
    assert space.axes[1].levels == (0.0001, 0.0002)
    assert space.axes[1].bounds == (0.00005, 0.0004)


def test_a_field_without_a_range_is_searched_between_its_levels(tmp_path):
    space = read(tmp_path, "near = [0, 10, 50]\nlots = [2]", PATIENT)
    assert space.names == ("part", "lots", "near")
    assert space.axes[2] == LinearAxis("near", (0.0, 10.0, 50.0), 0.0, 50.0)


def test_one_value_fixes_a_parameter(tmp_path):
    space = read(tmp_path, 'unit = "per_share"\nstep = 50\nlambda_over = 0.002')
    assert space.names == ("lambda_under", "theta_queue")
    assert space.fixed == {"lambda_over": 0.002, "unit": "per_share", "step": 50.0}
    router = STATIC.having(space.grid()[0]).router
    assert (router.risk.lambda_over, router.risk.unit, router.model.step) == (
        0.002,
        "per_share",
        50,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lambda_under = [0.002, 0.001]", "lambda_under must hold rising levels > 0"),
        ("lambda_under = []", "lambda_under must hold rising levels > 0"),
        ("lambda_oops = [1.0]", "unknown key 'lambda_oops'; known are lambda_over, lambda_under,"),
        ("lambda_under = ", "is not TOML: Invalid value"),
        ("lambda_under = " + "[" * 5_000, "is nested too deeply"),
        ("lambda_under = " + "1" * 5_000, "holds a whole number that is too long"),
        ("lambda_under = 0x" + "f" * 5_000, "holds a whole number that is too long"),
        ("lambda_under = [1e-300]", "lambda_under must hold levels of 1e-12 to 1e.06, got"),
        ("lambda_under = [1e300]", "lambda_under must hold levels of 1e-12 to 1e.06, got"),
        ("reach = 1e300", "reach must be at most 1e.06, got 1e.300"),
        (
            "".join(f"{name} = [{', '.join(map(str, range(1, 23)))}]\n" for name in SPACE.names),
            "the levels make 10,648 points, more than 10,000",
        ),
        ("reach = 1", "reach must be > 1"),
        ("reach = true", "reach must be > 1, got True"),
        ("reach = [2.0]", r"reach must be > 1, got \[2.0\]"),
        ('lambda_over = ["a"]', r"lambda_over must hold rising levels > 0, got \['a'\]"),
        ("lambda_over = [true]", r"lambda_over must hold rising levels > 0, got \[True\]"),
        ("lambda_over = true", "lambda_over must be a number, or a list of levels, got True"),
        ('lambda_over = "a"', "lambda_over must be a number, or a list of levels, got 'a'"),
        ("lambda_over = -1", "lambda_over must be finite and >= 0, got -1"),
        ("lambda_over = 2020-01-01", "lambda_over must be a number, or a list of levels, got date"),
        ("[lambda_over]\nlow = 1", "lambda_over must be a number, or a list of levels, got {'low"),
        ('unit = "bps"', "unit must be one of fraction, per_share, got 'bps'"),
        ('unit = ["fraction"]', "unit is no number, and is not searched; give one value"),
        ("step = [50]", "step takes one value alone, 50"),
        ("step = [0, 100]", "step must be > 0, got 0"),
        ("step = [-1e300, 1e300]", "step must keep to .*1e.15, got -1e.300 to 1e.300"),
        (
            "lambda_over = 1\nlambda_under = 1\ntheta_queue = 1",
            "the policy static has nothing to search",
        ),
    ],
)
def test_wrong_levels_are_one_line_that_names_the_file(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, text)
    assert "levels.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lots = [1.5]", "lots must hold whole numbers, got"),
        ("lots = 1.5", "lots must be a whole number, or a list of levels, got 1.5"),
        ("mood = 1", "mood must be a text, or a list of levels, got 1"),
        ("part = [-0.5, 0.5]", "part must hold levels of 0 to 1, got"),
        ("reach = 2", "no parameter that the policy now x Patient moves has a reach"),
    ],
)
def test_wrong_levels_of_a_users_own_parameters_are_too(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text, PATIENT)


def test_a_policy_without_a_range_says_how_it_is_searched():
    with pytest.raises(ConfigError) as error:
        Space.of(Policy(Pov(), Sweep()))
    assert str(error.value) == (
        "the policy pov x sweep has nothing to search, no parameter with a range; it has pov_rate; "
        "name levels of pov_rate in a file: --levels FILE"
    )
    with pytest.raises(ConfigError) as error:
        Space.of(named("best-ask"))
    assert str(error.value) == (
        "the policy best-ask has nothing to search, no parameter with a range; it has no parameters"
    )


def test_a_parameter_of_the_name_reach_is_no_axis():
    @dataclass(frozen=True)
    class Reaching(Patient):
        reach: Annotated[float, Range(1.0, 2.0)] = 1.0

    with pytest.raises(ConfigError, match="have different names, none of them reach"):
        Space.of(Policy(Now(), Reaching()))


def test_a_space_without_an_axis_is_refused():
    with pytest.raises(ConfigError, match="a space needs a parameter to move"):
        Space((), {"unit": "fraction"})


def again(space):
    """A space from its record, as a database gives it back."""
    return Space.of_record(json.loads(json.dumps(space.record())))


def test_the_record_of_the_penalties_is_that_of_before_there_were_others():
    """By it the studies of earlier versions go on; see `test_identity` too."""
    record = {
        "lambda_over": (0.0005, 0.001, 0.002),
        "lambda_under": (0.0005, 0.001, 0.002),
        "theta_queue": (0.00005, 0.0001, 0.0002),
        "reach": 20.0,
        "unit": "fraction",
    }
    assert SPACE.record() == record
    assert list(SPACE.record()) == list(record)
    assert again(SPACE) == SPACE


@pytest.mark.parametrize(
    "space",
    [
        MIXED,
        Space.of(PATIENT),
        Space.of(STATIC, {"step": [50, 100], "reach": 3.0}),
        Space.of(STATIC, {"step": [50, 100], "lambda_over": 1.0, "space": "strict"}),
        Space((LogAxis("x", (1.0,), 1e-12, 1e6, reach=2.0), *SPACE.axes)),
    ],
)
def test_a_record_gives_the_space_back(space):
    assert again(space) == space


def test_other_axes_record_what_tells_them():
    assert Space.of(PATIENT, {"near": 5}).record() == {
        "part": {
            "name": "part",
            "levels": (0.0, 0.5, 1.0),
            "low": 0.0,
            "high": 1.0,
            "scale": "linear",
            "whole": False,
            "reach": None,
        },
        "lots": {
            "name": "lots",
            "levels": (1, 4, 16),
            "low": 1,
            "high": 16,
            "scale": "log",
            "whole": True,
            "reach": None,
        },
        "near": 5.0,
    }


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_what_is_set_at_a_point_leads_back_to_the_point(shares):
    point = tuple(axis.at(share) for axis, share in zip(MIXED.axes, shares, strict=True))
    params = MIXED.params(dict(zip(MIXED.names, point, strict=True)))
    assert MIXED.point(params) == point
    assert params["mode"] == "quick"
    assert list(params) == list(MIXED.all_names)


def test_floats_of_whole_numbers_are_whole_in_what_is_set():
    params = MIXED.params({"ratio": 0.5, "shift": 1, "count": 3.0})
    assert repr(params) == "{'ratio': 0.5, 'shift': 1.0, 'count': 3, 'mode': 'quick'}"


def test_a_space_of_whole_numbers_alone_has_so_many_points():
    axes = LinearAxis("a", (1,), 1, 3, True), LogAxis("b", (1,), 1, 4, True)
    assert Space(axes).size == 12
    assert MIXED.size == float("inf")
