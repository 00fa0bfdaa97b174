"""`--objective` as a user gives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "data" / "sample_quotes.csv.gz"
COMMANDS = [("grid",), ("landscape",), ("compare",), ("study", "run", "a")]

WRONG_OBJECTIVES = [
    ("median", "no objective 'median'; there are mean, sd, mean+sd:K, cvar:ALPHA"),
    ("cvar", "no objective 'cvar'; there are mean, sd, mean+sd:K, cvar:ALPHA"),
    ("cvar:1", "ALPHA of cvar:ALPHA must be >= 0 and < 1, got 1"),
    ("mean+sd:-1", "K of mean+sd:K must be from 0 to 1e+06, got -1"),
    ("mean+sd:much", "'much' is no number; there are mean, sd, mean+sd:K, cvar:ALPHA"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("text", "said"), WRONG_OBJECTIVES)
def test_a_wrong_objective_is_one_line_before_the_data_is_read(run, command, text, said):
    code, out, err = run(*command, "none.csv", "--objective", text)
    assert (code, out) == (2, "")
    assert err == f"error: Invalid value for '--objective': {said}\n"


def test_a_grid_ranks_by_the_objective_that_was_asked_for(run):
    words = ("grid", SAMPLE, "--every", "30m", "--objective", "cvar:0.90", "--json", "-")
    code, out, _ = run(*words)
    document = json.loads(out)
    assert (code, document["objective"]) == (0, "cvar:0.9")
    values = [point["train_bps"] for point in document["points"]]
    assert values == sorted(values)
    risk = document["risk"]["best"]
    for part in ("train", "test"):  # of nine and four orders the worst tenth is one
        assert risk[part]["objective_bps"] == document["best"][f"{part}_bps"]
        assert risk[part]["cvar_bps"] == risk[part]["objective_bps"] > risk[part]["mean_bps"]
