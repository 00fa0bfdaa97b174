"""The fast allocator on placement problems, against HiGHS and the stochastic approximation.

    python benchmarks/placement.py [--repeats 200] [--books 12] [--time-limit 60]

5,000 shares in 100-share steps, 1,000 scenarios, over 5 and 12 venues; whole `solve` calls after a
warm-up, in one run and on one core, about two minutes. The books are Cont & Kukanov's example
(Table 1: equal venues, one ask without end) and drawn ones, with one ask without end or with what
is displayed. The approximation (`robbins-monro`) gets the paper's 1,000 iterations, then ten times
as many until its cost is the least one or 10^7 are done. Last come the times and the costs over
many drawn books, with the targets that they are held to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.integer import IntegerAllocator
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
from sor_opt.errors import SolverError
from sor_opt.market.tape import FloatArray
from sor_opt.models.case import Case
from sor_opt.models.ladder import Allocation, LadderProblem
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import Depth, PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot
from sor_opt.models.venues import Venue

SIZE, STEP, SCENARIOS = 5000.0, 100.0, 1000
TARGETS = {5: 5e-3, 12: 20e-3}
"""Seconds of an uncertified solve, by number of venues."""

MID, BID, ASK = 100.0, 99.98, 100.02
RISK = RiskParams(lambda_over=0.05, lambda_under=0.05, theta_queue=0.0005, unit="per_share")
FAMILIES = ("exponential", "poisson", "pareto")
DEPTHS: dict[Depth, str] = {"infinite": "one ask without end", "displayed": "displayed asks"}
CALLS = {"fast, certified": 3, "HiGHS": 0}
"""Timed calls of the slow ones."""

EQUAL = 1e-6
"""Costs this close, relatively, count as equal."""

PAPER, MOST = 1000, 10**7
"""Iterations of the approximation: the paper's, and where the search for more ends."""


@dataclass(frozen=True)
class Moment:
    """What a ladder problem is compiled from."""

    snapshot: Snapshot
    depth: Depth

    def compile(self) -> LadderProblem:
        """Compile it."""
        return PlacementModel(self.depth, STEP).problem(self.snapshot, SIZE, RISK)


@dataclass(frozen=True)
class Run:
    """A solver's answer and the seconds of a call."""

    allocation: Allocation
    seconds: float


def example(venues: int) -> Moment:
    """Set up Cont & Kukanov's Table 1."""
    alike = (np.full(venues, number) for number in (ASK, SIZE, 0.003, 0.002, 2000.0))
    outflow = Outflow(family="poisson", mean=2200.0, alpha=0.6, scenarios=SCENARIOS)
    return Moment(snapshot(*alike, outflow.draw(venues)), "infinite")


def snapshot(
    ask: FloatArray,
    ask_size: FloatArray,
    fee: FloatArray,
    rebate: FloatArray,
    queue: FloatArray,
    outflows: FloatArray,
) -> Snapshot:
    """Set up venues around a mid of `MID`."""
    columns = (ask, ask_size, fee, rebate, queue)
    case = Case(
        tuple(
            Venue(f"V{k}", BID, SIZE, *numbers)
            for k, numbers in enumerate(zip(*(column.tolist() for column in columns), strict=True))
        )
    )
    return case.snapshot._replace(mid=MID, outflows=outflows)


def draw(venues: int, depth: Depth, seed: int) -> Moment:
    """Draw a book: asks within two cents, odd lots, inverted venues, queues of 500 to 3,000."""
    rng = np.random.default_rng(seed)
    queue = rng.integers(5, 31, venues).astype(np.float64) * 100
    ask = ASK + 0.01 * rng.integers(0, 3, venues).astype(np.float64)
    ask_size = rng.integers(300, 1501, venues).astype(np.float64)
    fee = rng.choice([0.003, 0.0008, -0.0002], venues)
    rebate = rng.choice([0.002, 0.0015, -0.0002], venues)
    outflow = Outflow(
        family=FAMILIES[seed % len(FAMILIES)],
        mean=tuple((1.1 * queue).tolist()),
        alpha=0.6,
        scenarios=SCENARIOS,
        seed=seed,
    )
    seen = snapshot(ask, ask_size, fee, rebate, queue, outflow.draw(venues))
    return Moment(seen, depth)


def timed(call: Callable[[], object], repeats: int) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def run(allocator: Allocator, problem: LadderProblem, repeats: int) -> Run:
    """Solve once to warm up, then time it; without repeats the first call is the one."""
    allocation = allocator.solve(problem)
    if not repeats:
        return Run(allocation, allocation.seconds)
    return Run(allocation, timed(lambda: allocator.solve(problem), repeats))


def solvers(time_limit: float) -> dict[str, Allocator]:
    """Make the allocators that find the least cost, or try to."""
    return {
        "fast": FastAllocator(),
        "fast, certified": FastAllocator(certify=True, time_limit=time_limit),
        "HiGHS": IntegerAllocator(time_limit=time_limit),
    }


def approximate(problem: LadderProblem, least: float, repeats: int) -> dict[str, Run]:
    """Run the approximation with ever more iterations, until its cost is the least."""
    found: dict[str, Run] = {}
    iterations = PAPER
    while iterations <= MOST:
        result = run(RobbinsMonroAllocator(iterations), problem, repeats)
        found[f"approximation, {iterations:,}"] = result
        if result.allocation.cost <= least + EQUAL * abs(least):
            break
        iterations, repeats = iterations * 10, 0
    return found


def compare(title: str, moment: Moment, repeats: int, time_limit: float) -> None:
    """Print one book's table: every solver's time and cost."""
    problem = moment.compile()
    compiling = timed(moment.compile, repeats)
    venues = len(moment.quotes.ask)
    print(
        f"\n{venues} venues, {title}: {len(problem.costs)} rungs x {SCENARIOS:,} scenarios,", end=""
    )
    print(f" compiled in {compiling * 1e3:.2f} ms")
    print(f"  {'':28}{'ms':>10}{'x fast':>10}{'dollars':>13}{'above least':>13}")
    runs: dict[str, Run] = {}
    for name, allocator in solvers(time_limit).items():
        try:
            runs[name] = run(allocator, problem, CALLS.get(name, repeats))
        except SolverError as error:
            print(f"  {error}")
    least = min(result.allocation.cost for result in runs.values())
    runs |= approximate(problem, least, repeats)
    for name, result in runs.items():
        print_run(name, result, runs["fast"].seconds, least)
    last = list(runs.values())[-1].allocation.cost
    if last > least + EQUAL * abs(least):
        print(f"  the approximation is not within {EQUAL:g} after {MOST:,} iterations")


def print_run(name: str, result: Run, fast: float, least: float) -> None:
    """Print a solver's line."""
    allocation = result.allocation
    above = max(0.0, allocation.cost - least) / abs(least)
    above = above if above > 1e-12 else 0.0  # the order of the sum
    claim = f"  gap {allocation.gap:.2g}" if np.isfinite(allocation.bound) else ""
    print(
        f"  {name:28}{result.seconds * 1e3:10.2f}{result.seconds / fast:10.2f}"
        f"{allocation.cost:13.6f}{above:13.1g}  {allocation.status}{claim}"
    )


def survey(venues: int, books: int, repeats: int, time_limit: float) -> None:
    """Print the times and the costs of fast over drawn books, and whether the target is met."""
    allocators = solvers(time_limit)
    seconds: list[float] = []
    for depth, title in DEPTHS.items():
        above: list[float] = []
        for seed in range(books):
            problem = draw(venues, depth, seed).compile()
            result = run(allocators["fast"], problem, repeats)
            proven = allocators["fast, certified"].solve(problem)
            seconds.append(result.seconds)
            above.append((result.allocation.cost - proven.cost) / abs(proven.cost))
        equal = sum(share <= EQUAL for share in above)
        print(
            f"{venues} venues, {title}: fast is equal to the certified cost in {equal} of {books}"
            f" books, at most {max(above):.1e} above"
        )
    target = TARGETS[venues]
    words = []
    for name, value in (("median", median(seconds)), ("slowest", max(seconds))):
        words.append(f"{name} {value * 1e3:.1f} ms {'met' if value < target else 'MISSED'}")
    print(f"{venues} venues, target {target * 1e3:g} ms: {', '.join(words)}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=200, help="calls of the fast allocator")
    parser.add_argument("--books", type=int, default=12, help="drawn books of each kind")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds of HiGHS")
    options = parser.parse_args()
    for venues in TARGETS:
        compare("Cont & Kukanov's example", example(venues), options.repeats, options.time_limit)
        for depth, title in DEPTHS.items():
            moment = draw(venues, depth, seed=0)
            compare(f"drawn book, {title}", moment, options.repeats, options.time_limit)
    print()
    for venues in TARGETS:
        survey(venues, options.books, options.repeats, options.time_limit)


if __name__ == "__main__":
    main()
