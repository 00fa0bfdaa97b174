"""What README shows is what its commands print, and what it says of the real day is so."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = re.findall(r"```\n\$ sor-opt (.*?)\n(.*?)```", README, re.DOTALL)
LAYOUT = ("--size", "5000", "--horizon", "9m", "--every", "10m")


def plain(text):
    """The lines without what differs from run to run: seconds, and spaces at their ends."""
    return [re.sub(r"\d+\.\d\d s\.$", "seconds.", line.rstrip()) for line in text.splitlines()]


@pytest.mark.parametrize(("words", "output"), SHOWN, ids=["grid", "backtest", "allocate"])
def test_a_command_that_is_shown_prints_what_is_shown(run, monkeypatch, tmp_path, words, output):
    monkeypatch.chdir(ROOT)
    words = words.replace("grid.png", str(tmp_path / "grid.png"))
    code, out, err = run(*shlex.split(words))
    assert (code, err) == (0, "")
    printed = iter(plain(out))
    assert all(line in printed for line in plain(output))  # in this order


def test_what_is_said_of_the_complete_day_is_what_a_grid_finds(run, shared):
    quotes = shared("taq_full/quotes_full_2018-01-02.csv.gz")
    said = " ".join(README.split())
    for schedule, text in (
        ("now", "saves {test} bps {interval} by routing on its test orders, and {train} on those"),
        ("twap", "Under TWAP the same router saves nothing: {test} bps {interval}."),
    ):
        code, out, _ = run("grid", quotes, *LAYOUT, "--schedule", schedule, "--json", "-")
        assert code == 0
        document = json.loads(out)
        row = next(iter(document["savings"].values()))
        assert (row["measures"], row["orders"], document["orders"]["all"]) == ("routing", 12, 39)
        interval = f"[{row['low']:.2f}, {row['high']:.2f}]"
        test, train = f"{row['test_bps']:.2f}", f"{row['train_bps']:.2f}"
        assert text.format(test=test, train=train, interval=interval) in said
