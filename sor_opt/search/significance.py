"""Which of several searches ended lower, and whether chance alone explains it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sor_opt.market.tape import FloatArray

_DECIMALS = 9
"""Values that agree to so many decimals of a bps are ties: only the order of summing differs."""


class Pair(NamedTuple):
    """Two searches against each other.

    Attributes
    ----------
    first, second : str
        Their names.
    lower : float
        How often a run of `first` ends lower than one of `second`, ties counted half; 0.5 means
        that neither is better (Vargha and Delaney's A, 2000).
    test : str or None
        What `p` comes from; None where both are fixed and nothing is left to chance.
    p, p_holm : float or None
        Two-sided p-value, and the same after Holm's correction over all pairs that have one.
    """

    first: str
    second: str
    lower: float
    test: str | None
    p: float | None
    p_holm: float | None


def compare_pairs(samples: Mapping[str, FloatArray], fixed: frozenset[str]) -> tuple[Pair, ...]:
    """Test every pair of searches by rank.

    Two searches with seeds are independent samples (a seed means something else to each), so they
    meet in the Mann-Whitney U test. A search without seeds has one value, known for certain: the
    question is then whether a run of the other is as likely to end above it as below, which is the
    sign test. A signed-rank test would ask for symmetric differences, and regrets are skewed.

    Parameters
    ----------
    samples : mapping of str to ndarray, shape (runs,)
        Final values, lower is better; any number of runs >= 1 each.
    fixed : frozenset of str
        The searches without seeds; these have one run.
    """
    rounded = {name: np.round(values, _DECIMALS) for name, values in samples.items()}
    bare = [
        _pair(first, second, rounded, fixed) for first, second in itertools.combinations(rounded, 2)
    ]
    corrected = iter(holm([pair.p for pair in bare if pair.p is not None]))
    return tuple(pair if pair.p is None else pair._replace(p_holm=next(corrected)) for pair in bare)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number by Holm's step-down rule (1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    stepped = np.minimum(np.maximum.accumulate(factors * np.asarray(p_values)[order]), 1.0)
    corrected = np.empty(len(p_values))
    corrected[order] = stepped
    return corrected.tolist()


def _pair(
    first: str, second: str, samples: Mapping[str, FloatArray], fixed: frozenset[str]
) -> Pair:
    ours, theirs = samples[first], samples[second]
    signs = np.sign(theirs[:, None] - ours)
    lower = float((signs.mean() + 1) / 2)
    if {first, second} <= fixed:
        return Pair(first, second, lower, None, None, None)
    if {first, second} & fixed:
        return Pair(first, second, lower, "sign", _sign_test(signs), None)
    return Pair(first, second, lower, "mann-whitney", _rank_test(ours, theirs), None)


def _sign_test(signs: FloatArray) -> float:
    """Exact; ties say nothing and are left out, as usual."""
    below, above = int((signs > 0).sum()), int((signs < 0).sum())
    from scipy.stats import binomtest  # a second of loading, for comparisons alone

    return float(binomtest(below, below + above).pvalue) if below + above else 1.0


def _rank_test(ours: FloatArray, theirs: FloatArray) -> float:
    if np.ptp(np.concatenate([ours, theirs])) == 0:
        return 1.0  # the statistic of all ties has no variance
    from scipy.stats import mannwhitneyu  # see above

    return float(mannwhitneyu(ours, theirs, alternative="two-sided").pvalue)
