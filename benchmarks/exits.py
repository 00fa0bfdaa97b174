"""How commands that refuse broken data end: 300 runs, each a process of its own.

Arrow reads on threads of its own, and a thread that is still at work when Python exits can abort
the process. The files are large enough, and broken early enough, for that.

python benchmarks/exits.py
python benchmarks/exits.py --runs 1000 --seed 7
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 200_000
SOR_OPT = (sys.executable, "-c", "from sor_opt.cli import main; main()")
ENDINGS = (0, 2, 3)
"""Done; the call is wrong; the data is wrong. The data may be whole by chance."""


def quotes() -> pd.DataFrame:
    """Make quotes whose prices do not compress to nothing."""
    rng = np.random.default_rng(1)
    bid = 100 + rng.integers(0, 10_000, ROWS) / 100
    return pd.DataFrame(
        {
            "ts": 1_700_000_000 * 10**9 + np.arange(ROWS) * 10**6,
            "venue": np.where(np.arange(ROWS) % 2, "XNAS", "XNYS"),
            "bid": bid,
            "bid_size": 100.0,
            "ask": bid + 0.01,
            "ask_size": 100.0,
        }
    )


def broken_cell(frame: pd.DataFrame, path: Path, rng: random.Random) -> None:
    """Write a CSV with a word in the place of an early number."""
    changed = frame.astype({"bid": object})
    changed.loc[rng.randrange(ROWS // 10), "bid"] = "oops"
    changed.to_csv(path, index=False)


def unsorted(frame: pd.DataFrame, path: Path, rng: random.Random) -> None:
    """Write a CSV whose times run backwards."""
    changed = frame.copy()
    changed.loc[rng.randrange(1, ROWS), "ts"] -= 10**12
    changed.to_csv(path, index=False)


def broken_parquet(frame: pd.DataFrame, path: Path, rng: random.Random) -> None:
    """Write Parquet of many row groups with a few wrong bits in the first third."""
    frame.to_parquet(path, index=False, row_group_size=10_000)
    content = bytearray(path.read_bytes())
    for _ in range(3):
        content[rng.randrange(4, len(content) // 3)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut_parquet(frame: pd.DataFrame, path: Path, rng: random.Random) -> None:
    """Write Parquet whose data is cut in the middle and whose footer is whole."""
    frame.to_parquet(path, index=False, row_group_size=10_000)
    content = path.read_bytes()
    middle = rng.randrange(len(content) // 3, len(content) // 2)
    path.write_bytes(content[:middle] + bytes(1000) + content[middle + 1000 :])


WAYS: tuple[Callable[[pd.DataFrame, Path, random.Random], None], ...] = (
    broken_cell,
    unsorted,
    broken_parquet,
    cut_parquet,
)


def main() -> None:
    """Run, count the ends, and fail where one is not an end that a command should have."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    frame, ends = quotes(), Counter[tuple[str, int]]()
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "quotes", Path(folder) / "converted.parquet"
        for run in range(given.runs):
            way = WAYS[run % len(WAYS)]
            way(frame, path, random.Random(given.seed * given.runs + run))
            command = (*SOR_OPT, "data", "convert", path, "-o", target)
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            ends[way.__name__, done.returncode] += 1
            if done.returncode not in ENDINGS:
                print(f"run {run}, {way.__name__}: {done.returncode}, {done.stderr.strip()[-300:]}")
    for (name, code), count in sorted(ends.items()):
        print(f"{name}: {count} ended with {code}")
    sys.exit(any(code not in ENDINGS for _, code in ends))


if __name__ == "__main__":
    main()
