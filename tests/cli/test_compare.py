"""`compare` as a user runs it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "data" / "sample_quotes.csv.gz"
SHORT = [SAMPLE, "--size", "500", "--horizon", "10s", "--end", "09:50", "--every", "5m"]


@pytest.fixture
def call(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    return partial(run, "compare")


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if not k.endswith("seconds")}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_compare_ranks_the_strategies_the_same_each_time(call, tmp_path):
    few = [*SHORT, "--strategies", "grid, random", "--budget", 5, "--repeats", 2, "--seed", 3]
    picture, file = tmp_path / "comparison.png", tmp_path / "comparison.json"
    code, out, err = call(*few, "--plot", picture, "--json", file)
    assert (code, err) == (0, "")
    assert "5 evaluations a run" in out
    assert picture.stat().st_size > 10_000
    document = json.loads(file.read_text())
    assert {row["name"] for row in document["strategies"]} == {"grid", "random"}
    for row in document["strategies"]:
        assert {"budget", "repeats", "best_bps", "regret_bps", "seconds"} <= set(row)
        assert set(row["best_bps"]) == {"median", "q25", "q75"}
        assert row["savings"]["best-ask"]["orders"] == document["orders"]["test"]
    code, out, _ = call(*few, "--json", "-")
    assert without_times(json.loads(out)) == without_times(document)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("none.csv", "--strategies", "grid,newton"), 2, "no sampler 'newton'; there are grid"),
        (("none.csv", "--strategies", ","), 2, "',' must name each sampler once"),
        (("none.csv", "--strategies", "tpe,tpe"), 2, "'tpe,tpe' must name each sampler once"),
        (("none.csv", "--budget", 0), 2, "budget must be >= 1, got 0"),
        (("none.csv", "--repeats", 0), 2, "repeats must be >= 1, got 0"),
        (("none.csv", "--budget", "many"), 2, "Invalid value for '--budget'"),
        (("none.csv", "--plot", "picture.xls"), 2, "unknown picture format"),
        (("none.csv",), 3, "none.csv"),
    ],
)
def test_misuse_is_one_line_with_its_exit_code(call, words, code, text):
    stopped, out, err = call(*words)
    assert (stopped, out, err.count("\n")) == (code, "", 1)
    assert text in err
