"""The fast allocator against exhaustive search and PuLP: whole `solve` calls on the same problem.

    python benchmarks/allocators.py [--repeats 2000]

Five venues, 5,000 shares, 100-share steps; three draws of each kind of book. All times are medians
of one run, after a warm-up call; PuLP's is building and solving with HiGHS in process. Each line
is printed with the target it is held to.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import ExhaustiveAllocator, count_points
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.integer import IntegerAllocator
from sor_opt.models.case import Case
from sor_opt.models.ladder import LadderProblem, tie_tolerance
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import SplitSpace, StaticModel
from sor_opt.models.venues import Venue

TARGET = 1000
VENUES, SIZE, MID = 5, 5000.0, 100.005
KINDS: dict[str, tuple[int, int, int, SplitSpace]] = {
    # smallest and largest displayed size, lot, space
    "whole lots, target in reach": (1000, 2500, 100, "open"),
    "odd lots, target in reach": (1000, 2500, 1, "open"),
    "odd lots, deep": (2500, 4000, 1, "open"),
    "target out of reach": (500, 950, 1, "open"),
    "strict, target in reach": (1000, 2500, 1, "strict"),
    "strict, deep": (5000, 9000, 1, "strict"),
}


def draw(kind: str, seed: int) -> LadderProblem:
    """Draw a book: asks within three cents, taker fees of which one is inverted."""
    low, high, lot, space = KINDS[kind]
    rng = np.random.default_rng(seed)
    ask = 100.01 + 0.01 * rng.integers(0, 4, VENUES)
    size = rng.integers(low // lot, high // lot, VENUES) * float(lot)
    fee = rng.permutation([0.003, 0.003, 0.003, 0.0008, -0.0002])
    rows = zip(ask.tolist(), size.tolist(), fee.tolist(), strict=True)
    case = Case(tuple(Venue(f"V{k}", None, 0.0, *row, 0.002) for k, row in enumerate(rows)))
    snapshot = case.snapshot._replace(mid=MID)
    return StaticModel(space).problem(snapshot, SIZE, RiskParams())


def timed(allocator: Allocator, problem: LadderProblem, repeats: int) -> tuple[float, float]:
    """Median seconds of a call, and the cost."""
    cost = allocator.solve(problem).cost
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        allocator.solve(problem)
        seconds.append(time.perf_counter() - start)
    return median(seconds), cost


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2000, help="calls of the fast allocator")
    repeats = parser.parse_args().repeats
    fast, oracle, integer = FastAllocator(), ExhaustiveAllocator(limit=10**9), IntegerAllocator()
    print(f"{'book':29}{'points':>12}{'fast':>10}{'exhaustive':>13}{'ratio':>9}", end="")
    print(f"{'PuLP':>11}{'ratio':>9}  same cost")
    for kind in KINDS:
        for seed in range(3):
            problem = draw(kind, seed)
            quick, cost = timed(fast, problem, repeats)
            slow, lowest = timed(oracle, problem, 3)
            pulp, other = timed(integer, problem, 7)
            ratio = min(slow, pulp) / quick
            same = max(abs(cost - lowest), abs(other - lowest)) <= tie_tolerance(lowest)
            print(
                f"{kind:29}{count_points(problem):12,}{quick * 1e6:7.1f} us"
                f"{slow * 1e3:10.2f} ms{slow / quick:9,.0f}"
                f"{pulp * 1e3:8.2f} ms{pulp / quick:9,.0f}  {'yes' if same else 'NO'}"
                f"{'' if ratio >= TARGET else f'  below the target of {TARGET:,}'}"
            )


if __name__ == "__main__":
    main()
