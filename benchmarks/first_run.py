"""CPU seconds of a command's first run after an install, when all is compiled, and of its second.

    python benchmarks/first_run.py
    python benchmarks/first_run.py --quotes QUOTES --trades TRADES

Each command is given an empty cache of compiled code and runs twice.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"

BOOK = """
[order]
size = 5000
[[venues]]
name = "XNYS"
bid = 99.98
bid_size = 2000
ask = 100.02
ask_size = 2030
[[venues]]
name = "XNAS"
bid = 99.98
bid_size = 2000
ask = 100.03
ask_size = 4070
"""
"""A static book whose odd lots the knapsack settles."""


def cpu_seconds(words: list[str], cache: str) -> float:
    """CPU seconds of a command, its process and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", "from sor_opt.cli import main; main()", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quotes", type=Path, default=DATA / "sample_quotes.csv.gz")
    parser.add_argument("--trades", type=Path, default=DATA / "sample_trades.csv.gz")
    given = parser.parse_args()
    quotes, trades = [str(given.quotes), "--every", "10m"], ["--trades", str(given.trades)]
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.toml"
        book.write_text(BOOK)
        commands = {
            "allocate a static book": ["allocate", str(book)],
            "grid": ["grid", *quotes],
            "backtest --policy placement": ["backtest", *quotes, *trades, "--policy", "placement"],
            "grid --policy placement": ["grid", *quotes, *trades, "--policy", "placement"],
            "landscape": ["landscape", *quotes],
        }
        for name, words in commands.items():
            cache = str(Path(folder) / name)
            first, second = (cpu_seconds(words, cache) for _ in range(2))
            print(
                f"{name:28} first {first:6.1f} s, then {second:6.1f} s: "
                f"{first - second:5.1f} s of compiling"
            )


if __name__ == "__main__":
    main()
