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
    ("selection", "best", "told"),
    [
        (
            Selection(27, 9, 0.43, 0.21),
            "Best of 27 points (9 distinct): probability of overfitting 0.43.",
            "SPA p = 0.210, not distinguishable from luck.",
        ),
        (
            Selection(27, 9, 0.0, 0.0005),
            "Best of 27 points (9 distinct): probability of overfitting 0.00.",
            "SPA p < 0.001, hardly luck.",
        ),
        (
            Selection(1, 1, None, None),
            "Best of 1 point (1 distinct): probability of overfitting not known.",
            "no SPA p (too few orders, no point that differs, or not the mean).",
        ),
    ],
)
def test_how_much_may_be_luck(selection, best, told):
    against = f"On train orders, against the default point: {told}"
    assert selection_lines(selection_summary(selection)) == [best, against]


@pytest.mark.parametrize(
    ("saved", "line"),
    [
        (
            Estimate(0.9, 0.36, 1.47, 12),
            "On 12 test orders the best point saves 0.90 bps [0.36, 1.47] in the mean: better than "
            "the default point.",
        ),
        (
            Estimate(0.9, -0.36, 1.47, 1),
            "On 1 test order the best point saves 0.90 bps [-0.36, 1.47] in the mean: not "
            "distinguishable from the default point.",
        ),
        (
            Estimate(-0.9, -1.47, -0.36, 12),
            "On 12 test orders the best point saves -0.90 bps [-1.47, -0.36] in the mean: worse "
            "than the default point.",
        ),
        (
            Estimate(0.9, NAN, NAN, 3),
            "On 3 test orders the best point saves 0.90 bps (no interval) in the mean: not "
            "distinguishable from the default point.",
        ),
        (
            Estimate(0.0, 0.0, 0.0, 12),
            "On 12 test orders the best point saves 0.00 bps [0.00, 0.00] in the mean: not "
            "distinguishable from the default point.",
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
