"""Measures of costs, against what is worked by hand and by other means."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from sor_opt.backtest.risk import (
    MEASURES,
    Cvar,
    Mean,
    MeanSd,
    Sd,
    mean_of,
    read_measure,
    read_measures,
    risk_of,
)
from sor_opt.errors import ConfigError

COSTS = np.array([3.0, -1.0, 8.0, 2.0])
"""Their mean is 3, their squared distances from it 0, 16, 25 and 1."""

ALL = (Mean(), Sd(), MeanSd(0.5), MeanSd(2), Cvar(0), Cvar(0.5), Cvar(0.9))


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (Mean(), 3.0),
        (Sd(), math.sqrt(14)),
        (MeanSd(0), 3.0),
        (MeanSd(0.5), 3 + 0.5 * math.sqrt(14)),
        (Cvar(0), 3.0),
        (Cvar(0.5), 5.5),
        (Cvar(0.51), 5.5),
        (Cvar(0.75), 8.0),
        (Cvar(0.74), 5.5),
        (Cvar(0.999), 8.0),
    ],
)
def test_a_measure_of_four_orders_by_hand(measure, value):
    assert measure.of(COSTS) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("tenths", range(10))
@pytest.mark.parametrize("orders", [1, 7, 10, 20, 30, 39, 70, 100])
def test_cvar_counts_whole_orders_of_decimal_levels(tenths, orders):
    """1 - 0.9 is 0.09999999999999998 in binary, and 1 - 0.7 is 0.30000000000000004."""
    costs = np.arange(float(orders))
    worst = math.ceil(Fraction(10 - tenths, 10) * orders)
    level = float(f"0.{tenths}")
    assert Cvar(level).of(costs) == pytest.approx(costs[orders - worst :].mean())


def test_cvar_is_the_least_of_rockafellar_and_uryasevs_function():
    """Of a level whose part of the orders is whole: min over c of c + E (cost - c)+ / (1 - level).

    It is convex and piecewise linear, so its minimum is at one of the costs.
    """
    costs = np.random.default_rng(3).normal(size=40)
    for level in (0.5, 0.75, 0.9, 0.95):
        least = min(c + np.maximum(costs - c, 0).mean() / (1 - level) for c in costs)
        assert Cvar(level).of(costs) == pytest.approx(least)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_a_table_is_measured_column_by_column_without_unknown_orders(measure):
    table = np.random.default_rng(1).normal(size=(12, 5, 3))
    known = np.delete(table, [2, 7], axis=0)
    table[2, 4, 1], table[7, 0, 0] = np.nan, np.inf
    found = measure.of(table)
    assert found.shape == (5, 3)
    for at in np.ndindex(5, 3):
        assert found[at] == pytest.approx(float(measure.of(known[:, *at])), rel=1e-13)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_too_few_orders_have_no_measure(measure):
    too_few = np.zeros((measure.least - 1, 3))
    assert np.isnan(measure.of(too_few)).tolist() == [True] * 3
    assert np.isfinite(measure.of(np.zeros(measure.least)))
    assert np.isnan(measure.of(np.array([np.nan, np.nan])))


def test_what_results_tell_are_the_same_measures():
    costs = np.append(np.random.default_rng(2).normal(size=23), np.nan)
    assert mean_of(costs) == Mean().of(costs)
    risk = risk_of(costs)
    assert (risk.sd, risk.cvar) == (Sd().of(costs), Cvar(0.9).of(costs))


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.name)
def test_a_name_is_read_back(measure):
    assert read_measure(measure.name) == measure
    assert read_measure(f" {measure.name} ") == measure


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mean+sd:1.0", "mean+sd:1"),
        ("mean+sd:5e-1", "mean+sd:0.5"),
        ("cvar:.95", "cvar:0.95"),
        ("cvar:-0", "cvar:0"),
        ("mean+sd:0.1234567890123", "mean+sd:0.1234567890123"),
    ],
)
def test_equal_measures_have_one_name(text, name):
    assert read_measure(text).name == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no objective ''; there are mean, sd, mean\\+sd:K, cvar:ALPHA"),
        ("median", "no objective 'median'; there are mean, sd, mean\\+sd:K, cvar:ALPHA"),
        ("mean:1", "no objective 'mean:1'"),
        ("cvar", "no objective 'cvar'"),
        ("cvar:0.9:0.8", "no objective 'cvar:0.9:0.8'"),
        ("cvar:", "'' is no number; there are mean"),
        ("mean+sd:one", "'one' is no number"),
        ("mean+sd:-0.5", r"K of mean\+sd:K must be from 0 to 1e\+06, got -0.5"),
        ("mean+sd:nan", r"K of mean\+sd:K must be from 0 to 1e\+06, got nan"),
        ("mean+sd:inf", r"K of mean\+sd:K must be from 0 to 1e\+06, got inf"),
        ("cvar:1", "ALPHA of cvar:ALPHA must be >= 0 and < 1, got 1"),
        ("cvar:90", "ALPHA of cvar:ALPHA must be >= 0 and < 1, got 90"),
        ("cvar:-0.1", "ALPHA of cvar:ALPHA must be >= 0 and < 1, got -0.1"),
        ("cvar:nan", "ALPHA of cvar:ALPHA must be >= 0 and < 1, got nan"),
    ],
)
def test_a_wrong_objective_is_refused_with_what_there_is(text, said):
    with pytest.raises(ConfigError, match=said):
        read_measure(text)


def test_several_are_read_once_each():
    assert read_measures("mean, sd,cvar:0.9") == (Mean(), Sd(), Cvar(0.9))
    with pytest.raises(ConfigError, match=r"'cvar:0.9,cvar:.90' must name each objective once"):
        read_measures("cvar:0.9,cvar:.90")


def test_the_families_are_what_names_begin_with():
    assert list(MEASURES) == ["mean", "sd", "mean+sd", "cvar"]
    assert all(MEASURES[measure.name.partition(":")[0]] is type(measure) for measure in ALL)
