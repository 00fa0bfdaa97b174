"""Rank tests of pairs, held against scipy and against cases worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from sor_opt.search.significance import compare_pairs, holm

NONE = frozenset()


def test_two_searches_with_seeds_meet_in_mann_whitneys_test():
    rng = np.random.default_rng(1)
    low, high = rng.normal(0, 1, 12), rng.normal(1, 1, 12)
    (pair,) = compare_pairs({"low": low, "high": high}, NONE)
    assert pair.test == "mann-whitney"
    assert pair.p == pair.p_holm == pytest.approx(mannwhitneyu(low, high).pvalue)
    assert pair.lower == pytest.approx(1 - mannwhitneyu(low, high).statistic / 144)


@pytest.mark.parametrize(
    ("values", "p", "lower"),
    [
        ([2.0] * 6, 2 / 64, 1.0),
        ([0.0] * 6, 2 / 64, 0.0),
        ([2.0] * 6 + [1.0] * 4, 2 / 64, 0.8),  # ties are left out of the test
        ([0.0, 2.0], 1.0, 0.5),
        ([1.0, 1.0 + 1e-12], 1.0, 0.5),  # the order of summing is no difference
    ],
)
def test_a_search_without_seeds_meets_the_others_in_a_sign_test(values, p, lower):
    samples = {"grid": np.array([1.0]), "random": np.array(values)}
    (pair,) = compare_pairs(samples, frozenset({"grid"}))
    assert (pair.test, pair.p, pair.lower) == ("sign", pytest.approx(p), pytest.approx(lower))


def test_two_searches_without_seeds_leave_nothing_to_chance():
    samples = {"grid": np.array([1.0]), "adaptive": np.array([0.5]), "random": np.array([0.7, 2])}
    pairs = compare_pairs(samples, frozenset({"grid", "adaptive"}))
    assert [(pair.test, pair.lower) for pair in pairs] == [
        (None, 0.0),
        ("sign", 0.5),
        ("sign", 1.0),
    ]
    assert pairs[0].p is pairs[0].p_holm is None


def test_equal_runs_are_no_difference():
    (pair,) = compare_pairs({"a": np.ones(5), "b": np.ones(5)}, NONE)
    assert (pair.p, pair.lower) == (1.0, 0.5)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
def test_holm_rejects_what_stepping_down_by_hand_rejects(p_values, level):
    rejected = set()
    for factor, index in zip(
        range(len(p_values), 0, -1), np.argsort(p_values, kind="stable"), strict=True
    ):
        if factor * p_values[index] > level:
            break
        rejected.add(int(index))
    found = {index for index, p in enumerate(holm(p_values)) if p <= level}
    assert found == (rejected if level < 1 else set(range(len(p_values))))
