"""The sample in data/ is what its README says."""

from __future__ import annotations

import gzip
import re
import shlex
from pathlib import Path

import numpy as np

from sor_opt.market.loaders import load_tape, save_tape
from sor_opt.market.synthetic import SyntheticParams, generate

DATA = Path(__file__).parents[2] / "data"
QUOTES, TRADES = DATA / "sample_quotes.csv.gz", DATA / "sample_trades.csv.gz"


def seed() -> int:
    command = re.search(r"^ +(sor-opt data generate .*)$", (DATA / "README.md").read_text(), re.M)
    words = shlex.split(command[1])
    assert words[3:7] == [
        "-o",
        "data/sample_quotes.csv.gz",
        "--trades",
        "data/sample_trades.csv.gz",
    ]
    return int(words[words.index("--seed") + 1])


def test_the_readme_command_makes_the_sample_again(tmp_path):
    save_tape(generate(SyntheticParams(seed=seed())), tmp_path / "q.csv.gz", tmp_path / "t.csv.gz")
    for made, kept in ((tmp_path / "q.csv.gz", QUOTES), (tmp_path / "t.csv.gz", TRADES)):
        assert gzip.decompress(made.read_bytes()) == gzip.decompress(kept.read_bytes())


def test_the_sample_is_small():
    assert QUOTES.stat().st_size + TRADES.stat().st_size < 2_000_000


def test_the_sample_is_a_full_session_with_the_counts_of_its_readme():
    tape = load_tape(QUOTES, TRADES)
    text = (DATA / "README.md").read_text()
    assert f"{len(tape.quotes):,} quotes of six venues" in text
    assert f"{len(tape.trades):,} trades" in text
    minutes = np.ptp(tape.quotes.ts) / 60e9
    assert 389 < minutes <= 390
