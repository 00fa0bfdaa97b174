"""Ladder problems to draw, and the definition of the best selection, point by point."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from sor_opt.models.ladder import LadderProblem, tie_tolerance

LOT = 100.0


@st.composite
def ladder_problems(draw, scenarios=1, most_ladders=4, most_rungs=3):
    """Odd lots, ties, negative costs, zero fills, empty ladders, targets off the step."""
    heights = draw(st.lists(st.integers(0, most_rungs), min_size=1, max_size=most_ladders))
    rungs = sum(heights)
    fill = draw(st.sampled_from([st.just(100), st.sampled_from([0, 50, 100]), st.integers(0, 100)]))
    fills = [
        [draw(fill) / draw(st.sampled_from([1, 1, 3])) for _ in range(scenarios)]
        for _ in range(rungs)
    ]
    prices = draw(st.lists(st.integers(-3, 6), min_size=rungs, max_size=rungs))
    rebate = draw(st.sampled_from([0.0, 0.002, -0.001]))
    base = draw(st.sampled_from([0.0, 0.0, 156.14]))
    shares = np.array(fills).reshape(rungs, scenarios)
    mean = shares.mean(axis=1)
    return LadderProblem(
        names=tuple(f"V{i}" for i in range(len(heights))),
        offsets=np.concatenate([[0], np.cumsum(heights)]),
        fills=shares,
        costs=mean * (base + np.array(prices) / 100) - (LOT - mean) * rebate,
        target=float(draw(st.sampled_from([1, 50, 100, 137, 200, 300, 500, 1e6]))),
        shortfall_penalty=draw(st.sampled_from([0.0, 0.01, 0.03, 0.1])),
        excess_penalty=draw(st.sampled_from([0.0, 0.01, 0.03, 0.1])),
        step=LOT,
        exact_total=draw(st.booleans()),
    )


def best_selection(problem):
    """Lowest cost, then fewest rungs, then the earliest ladders; None where none is admissible."""
    selections = [np.array(n) for n in product(*(range(h + 1) for h in problem.heights))]
    admissible = [n for n in selections if problem.admits(n)]
    if not admissible:
        return None
    costs = [problem.cost(n) for n in admissible]
    lowest = min(costs)
    tied = [
        n for n, c in zip(admissible, costs, strict=True) if c <= lowest + tie_tolerance(lowest)
    ]
    return min(tied, key=lambda n: (n.sum(), tuple(-n)))
