"""What a parameter dataclass says of its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest

from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams
from sor_opt.params import Param, Range, changed, parameters


@dataclass(frozen=True)
class Inner:
    stride: Annotated[int, Param("how often", "ns", name="window_stride")] = 10
    kind: Literal["a", "b"] | None = None


@dataclass(frozen=True)
class Outer:
    part: Annotated[float, Range(0.0, 1.0)] = 0.5
    inner: Inner = Inner()
    plain: int = 3
    learned: float = field(default=0.0, compare=False)
    other: object = None


def test_parameters_are_the_plain_fields_of_a_record_and_of_those_in_it():
    found = {each.name: each for each in parameters(Outer())}
    assert list(found) == ["part", "window_stride", "kind", "plain"]
    assert found["window_stride"].path == ("inner", "stride")
    assert (found["window_stride"].param.help, found["window_stride"].default) == ("how often", 10)
    assert found["kind"].kind == Literal["a", "b"]
    assert found["part"].range == Range(0.0, 1.0)
    assert found["plain"].range is None


def test_parameters_are_set_by_their_names_at_once():
    made = changed(Outer(), {"part": 0.25, "window_stride": 7, "kind": "b", "unknown": 1})
    assert made == Outer(0.25, Inner(7, "b"))
    assert changed(made, {}) is made


def test_two_parameters_of_one_name_are_refused():
    @dataclass(frozen=True)
    class Twice:
        window_stride: int = 1
        inner: Inner = Inner()

    with pytest.raises(ConfigError, match="Twice has two parameters window_stride"):
        parameters(Twice())


def test_levels_of_a_range_are_its_ends_and_its_middle():
    assert Range(0.0, 3.0).levels == (0.0, 1.5, 3.0)
    assert Range(0.01, 1.0, log=True).levels == pytest.approx((0.01, 0.1, 1.0))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((1.0, 1.0), "a range must be finite and rise, got 1 to 1"),
        ((0.0, float("inf")), "must be finite"),
        ((0.0, 1.0, (), True), "a range on a log scale must begin above 0, got 0"),
        ((0.1, 1.0, (), True, 1.0), "reach must be > 1, got 1"),
        ((0.1, 1.0, (0.5, 2.0)), "levels must rise from 0.1 to 1"),
        ((0.1, 1.0, (0.5, 0.5)), "levels must rise"),
    ],
)
def test_a_range_checks_itself(given, text):
    with pytest.raises(ConfigError, match=text):
        Range(*given)


def test_the_penalties_are_what_a_search_moves():
    moved = {each.name: each.range for each in parameters(RiskParams()) if each.range}
    assert list(moved) == ["lambda_over", "lambda_under", "theta_queue"]
    assert moved["lambda_over"].levels == (0.0005, 0.001, 0.002)
