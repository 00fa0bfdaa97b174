"""Cont & Kukanov's Table 1 (arXiv 1210.1625v4): costs in cents per share, ours beside theirs.

    python benchmarks/ck_table1.py [--scenarios 3000] [--json FILE]

X^M takes everything, X^L posts everything at one venue, X^E splits equally over all, and X^* is the
best placement: ours is the certified optimum over one draw of scenarios, theirs the answer of a
stochastic approximation, of which ours is the last column. All costs of ours are means over another
draw, of 100,000 scenarios. The lines below the table say how far ours are from theirs, each with
the target it is held to.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from typing import Any

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
from sor_opt.files import write_atomically
from sor_opt.market.tape import FloatArray
from sor_opt.models.case import Case
from sor_opt.models.ladder import Allocation, LadderProblem
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import Venue

VENUES = 5
MID, HALF_SPREAD, FEE, REBATE = 100.0, 0.02, 0.003, 0.002
QUEUE, MEAN_OUTFLOW, COMMON = 2000.0, 2200.0, 0.6
RISK = RiskParams(lambda_over=0.05, lambda_under=0.05, theta_queue=0.0005, unit="per_share")

STEPS = {500: 5.0, 1000: 10.0, 5000: 20.0}
"""Shares per chunk, by order size."""

COLUMNS = ("X_M", "X_L", "X_E", "X_star")
PRINTED: dict[int, dict[str, tuple[float, ...]]] = {
    500: {
        "X_M": (2.35,) * VENUES,
        "X_L": (2.19, 2.22, 2.21, 2.20, 2.22),
        "X_E": (0.83, -0.57, -1.02, -1.25, -1.40),
        "X_star": (1.54, -0.85, -1.99, -2.06, -2.05),
    },
    1000: {
        "X_M": (2.35,) * VENUES,
        "X_L": (3.65, 3.64, 3.65, 3.64, 3.65),
        "X_E": (2.27, 1.28, 0.09, -0.88, -1.29),
        "X_star": (2.07, 0.77, -0.07, -0.90, -1.64),
    },
    5000: {
        "X_M": (2.35,) * VENUES,
        "X_L": (4.81, 4.81, 4.81, 4.81, 4.82),
        "X_E": (3.44, 3.60, 3.55, 3.39, 3.22),
        "X_star": (2.22, 2.10, 1.95, 1.79, 1.62),
    },
}

PRINT_SCENARIOS = 1000
"""Behind a printed cost, as far as one can see: at S = 500 the five prints of X^L, one and the same
quantity, scatter by 0.013, and the mean of 1,000 scenarios does so by 0.015."""

ROUNDING = 0.005
EVALUATION = 100_000
FAR, LONG = 0.04, 60.0
"""Targets: cents per share between X^M, X^L, X^E and their prints, and seconds in all."""


def outflows(venues: int, scenarios: int, seed: int) -> FloatArray:
    """Draw xi_k = 0.6 xi_0 + 0.4 eps_k, shape (scenarios, venues)."""
    drawn = Outflow(
        family="poisson", mean=MEAN_OUTFLOW, alpha=COMMON, scenarios=scenarios, seed=seed
    )
    return drawn.draw(venues)


def compile_row(size: int, scenarios: FloatArray) -> LadderProblem:
    """Compile an order over equal venues to a ladder problem."""
    bid, ask = MID - HALF_SPREAD, MID + HALF_SPREAD
    venues = tuple(
        Venue(f"V{k + 1}", bid, QUEUE, ask, size, FEE, REBATE, QUEUE)
        for k in range(scenarios.shape[1])
    )
    snapshot = Case(venues).snapshot._replace(mid=MID, outflows=scenarios)
    return PlacementModel("infinite", STEPS[size]).problem(snapshot, size, RISK)


def exact_cost(
    size: int, market: float, limits: FloatArray, scenarios: FloatArray
) -> tuple[float, float]:
    """Mean of v over the scenarios in cents per share, and the deviation of one scenario."""
    filled = np.minimum(np.maximum(scenarios - QUEUE, 0.0), limits).sum(axis=1)
    short = np.maximum(size - market - filled, 0.0)
    excess = np.maximum(market + filled - size, 0.0)
    dollars = (
        (HALF_SPREAD + FEE) * market
        - (HALF_SPREAD + REBATE) * filled
        + RISK.theta_queue * (market + limits.sum() + short)
        + RISK.lambda_under * short
        + RISK.lambda_over * excess
    )
    cents = 100 * dollars / size
    return float(cents.mean()), float(cents.std())


def sizes(allocation: Allocation, venues: int) -> tuple[float, FloatArray]:
    """Shares taken in all, and posted at each venue."""
    sent = np.asarray(allocation.rungs * allocation.problem.step, dtype=np.float64)
    return float(sent[:venues].sum()), sent[venues:]


def simple_placements(size: int, venues: int) -> dict[str, tuple[float, FloatArray]]:
    """Sizes of the three placements that need no solver."""
    equal, single = size / (venues + 1), np.zeros(venues)
    single[0] = size
    return {
        "X_M": (float(size), np.zeros(venues)),
        "X_L": (0.0, single),
        "X_E": (equal, np.full(venues, equal)),
    }


def row(
    size: int, venues: int, scenarios: int, best: Allocator, theirs: Allocator
) -> dict[str, Any]:
    """Compute one row of the table: costs and errors in cents per share, gaps in dollars."""
    problem = compile_row(size, outflows(venues, scenarios, seed=0))
    start = time.perf_counter()
    allocation = best.solve(problem)
    seconds = time.perf_counter() - start
    market, limits = sizes(allocation, venues)
    placements = simple_placements(size, venues) | {
        "X_star": (market, limits),
        "robbins_monro": sizes(theirs.solve(problem), venues),
    }
    evaluation = outflows(venues, EVALUATION, seed=1)
    costs = {name: exact_cost(size, *given, evaluation) for name, given in placements.items()}
    return {
        "S": size,
        "K": venues,
        **{name: mean for name, (mean, _) in costs.items()},
        "M": market,
        "L": limits.tolist(),
        "gap": allocation.gap,
        "allowed_gap": 1e-6 * abs(allocation.cost) + 1e-9 * size,
        "status": allocation.status,
        "in_sample": 100 * allocation.cost / size,
        "step": problem.step,
        "printed": {name: PRINTED[size][name][venues - 1] for name in COLUMNS},
        "error": {name: dev / math.sqrt(EVALUATION) for name, (_, dev) in costs.items()},
        "printed_error": {name: costs[name][1] / math.sqrt(PRINT_SCENARIOS) for name in COLUMNS},
        "seconds": seconds,
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print all rows, ours before theirs."""
    print("cents per share (gap: dollars in all); of each pair ours, then as printed")
    print(f"{'S':>5} K{'X^M':>8}{'':6}{'X^L':>8}{'':6}{'X^E':>8}{'':6}{'X^*':>8}", end="")
    print(f"{'error':>8}{'':6}{'R-M':>8}{'gap':>9}{'M':>6}  L")
    for found in rows:
        line = f"{found['S']:5} {found['K']}"
        for name in COLUMNS:
            error = f"{found['error'][name]:8.4f}" if name == "X_star" else ""
            line += f"{found[name]:8.3f}{error}{found['printed'][name]:6.2f}"
        limits = " ".join(f"{shares:g}" for shares in found["L"])
        line += f"{found['robbins_monro']:8.3f}{found['gap']:9.1g}{found['M']:6g}  {limits}"
        print(line)


def print_verdicts(rows: list[dict[str, Any]], seconds: float) -> None:
    """Print how far ours are from theirs, and what came of the targets."""
    for name in COLUMNS[:-1]:
        far = max(abs(found[name] - found["printed"][name]) for found in rows)
        print(f"{name} is within {far:.3f} of the print in every row{verdict(far, FAR)}")
    alone, both = (at_or_below(rows, of_print) for of_print in (False, True))
    print(f"X_star is at or below the print in {alone} of {len(rows)} rows", end="")
    print(f" within 2 errors of ours and rounding, in {both} with the error of the print")
    open_gap = max(found["gap"] / found["allowed_gap"] for found in rows)
    optimal = sum(found["status"] == "optimal" for found in rows)
    print(f"{optimal} rows are proven; largest gap / allowed {open_gap:.3g}{verdict(open_gap, 1)}")
    print(f"{seconds:.1f} s in all{verdict(seconds, LONG)}")


def at_or_below(rows: list[dict[str, Any]], of_print: bool) -> int:
    """Count the rows in which X^* costs no more than its print, within two errors and rounding."""
    count = 0
    for found in rows:
        printed_error = found["printed_error"]["X_star"] if of_print else 0.0
        error = math.hypot(found["error"]["X_star"], printed_error)
        count += found["X_star"] <= found["printed"]["X_star"] + 2 * error + ROUNDING
    return count


def verdict(value: float, target: float) -> str:
    """Say whether a target is met."""
    return f" (target {target:g}: {'met' if value <= target else 'MISSED'})"


def write_json(place: str, rows: list[dict[str, Any]], seconds: float) -> None:
    """Write the rows to a file, or to standard output for "-"."""
    text = json.dumps({"rows": rows, "seconds": seconds}, indent=2) + "\n"
    if place == "-":
        sys.stdout.write(text)
        return
    write_atomically(place, text.encode())


def main() -> None:
    """Compute the table; print it, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", type=int, default=3000, help="that X^* is chosen by")
    parser.add_argument("--json", metavar="FILE", help="- for standard output, then nothing else")
    options = parser.parse_args()
    start = time.perf_counter()
    best = FastAllocator(certify=True, time_limit=LONG)
    theirs = RobbinsMonroAllocator()
    rows = [
        row(size, venues, options.scenarios, best, theirs)
        for size in STEPS
        for venues in range(1, VENUES + 1)
    ]
    seconds = time.perf_counter() - start
    if options.json != "-":
        print_table(rows)
        print_verdicts(rows, seconds)
    if options.json:
        write_json(options.json, rows, seconds)


if __name__ == "__main__":
    main()
