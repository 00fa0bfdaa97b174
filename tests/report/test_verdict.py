"""What is said of a point that a search chose."""

import math

import pytest

from sor_opt.backtest.intervals import Estimate
from sor_opt.report.verdict import (
    UNKNOWN,
    saved_summary,
    selection_lines,
    selection_summary,
    verdict_lines,
)
from sor_opt.search.verdict import Selection

NAN = math.nan


@pytest.mark.parametrize(
    ("selection", "line"),
    [
        (
            Selection(27, 9, 0.43, 0.21),
            "Best of 27 points (9 distinct): probability of overfitting 0.43. Against the default "
            "point on train orders: SPA p = 0.21, not distinguishable from luck.",
        ),
        (
            Selection(27, 9, 0.0, 0.0005),
            "Best of 27 points (9 distinct): probability of overfitting 0.00. Against the default "
            "point on train orders: SPA p = 0.0005, hardly luck.",
        ),
        (
            Selection(1, 1, None, None),
            "Best of 1 point (1 distinct): probability of overfitting -. Against the default "
            "point on train orders: SPA p not known.",
        ),
    ],
)
def test_how_much_may_be_luck(selection, line):
    assert selection_lines(selection_summary(selection)) == [line]


@pytest.mark.parametrize(
    ("saved", "line"),
    [
        (
            Estimate(0.9, 0.36, 1.47, 12),
            "The best point is better than the default point: saves 0.90 bps [0.36, 1.47] within "
            "this day on 12 test orders.",
        ),
        (
            Estimate(0.9, -0.36, 1.47, 1),
            "The best point is not distinguishable from the default point: saves 0.90 bps "
            "[-0.36, 1.47] within this day on 1 test order.",
        ),
        (
            Estimate(-0.9, -1.47, -0.36, 12),
            "The best point is worse than the default point: saves -0.90 bps [-1.47, -0.36] "
            "within this day on 12 test orders.",
        ),
        (
            Estimate(0.9, NAN, NAN, 3),
            "The best point is not distinguishable from the default point: saves 0.90 bps - on 3 "
            "test orders.",
        ),
        (
            Estimate(0.0, 0.0, 0.0, 12),
            "The best point is not distinguishable from the default point: saves 0.00 bps "
            "[0.00, 0.00] within this day on 12 test orders.",
        ),
    ],
)
def test_a_point_is_better_only_where_its_interval_says_so(saved, line):
    assert verdict_lines("the best point", saved_summary(saved)["saves_default"]) == [line]


def test_nothing_is_said_of_what_was_not_selected_or_not_tested():
    assert selection_lines(UNKNOWN) == []
    assert verdict_lines("the best point", UNKNOWN["saves_default"]) == []
    untested = saved_summary(Estimate(NAN, NAN, NAN, 0))["saves_default"]
    assert verdict_lines("the best point", untested) == []
