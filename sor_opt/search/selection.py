"""How much of the best of many points is luck: the probability of overfitting, and Hansen's SPA.

Both look at the costs of every order at every point that a search has tried. The best point was
chosen because it did well on these orders, so that it would look good on them if nothing were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations, islice

import numpy as np

from sor_opt.backtest.orders import ParentOrders
from sor_opt.backtest.risk import MEAN, Measure
from sor_opt.market.tape import BoolArray, FloatArray, IntArray

TIE = 1e-9
"""Costs less far apart, in bps, are equal: only the order of summing differs."""

MOST_BLOCKS, FEWEST_BLOCKS = 16, 8
"""Of orders that PBO splits; 16 are split in 12,870 ways, 8 in 70."""

ORDERS_A_BLOCK = 2
"""The fewest orders in a block, times as many as run at once."""

FEWEST_UNITS = 8
"""The fewest observations of SPA."""

HORIZONS_A_UNIT = 3
"""How long an observation of SPA is where orders overlap: shorter ones have much in common."""

_RESAMPLES = 2000
_WORK, _CALL = 3 * 10**7, 10**4
"""Costs that a measure is taken of over all splits, and how many a call of it is worth."""
_CHUNK = 2**19
"""Values that are held at once."""
_LEAST_SD = 0.5
"""A resample is studentised by no less than this part of the data's standard deviation: where few
orders make a point's saving, a resample may miss them all."""

_Values = Callable[[BoolArray], FloatArray]
"""The measure of each point, shape (splits, points), from the blocks of splits."""


def pbo(
    costs: FloatArray, orders: ParentOrders, measure: Measure = MEAN, blocks: int | None = None
) -> float | None:
    """Probability of backtest overfitting, by combinatorially symmetric cross-validation.

    Bailey, Borwein, Lopez de Prado & Zhu, "The probability of backtest overfitting", Journal of
    Computational Finance 20(4), 2017. The orders are cut into S blocks of time. Each half of the
    blocks chooses the best of N points, and the other half ranks it: rank N is the best, equal
    points share their ranks. With w = rank / (N + 1) and lambda = log(w / (1 - w)) it is the share
    of the splits with lambda <= 0, in which the chosen point is no better than the median.

    Parameters
    ----------
    costs : float64 ndarray, shape (orders, points)
        In bps; orders with a value that is NaN or infinite are left out. Points of equal costs
        count once, and of points that are equal in a half the first is chosen.
    orders : ParentOrders
        In time order. Those that last into the next block are left out, so that no half knows a
        part of the other.
    measure : Measure
        What the points are chosen and ranked by; less is better.
    blocks : int, optional
        Even. By default as many as the orders fill, up to `MOST_BLOCKS`; fewer where that would
        take a measure other than the mean too long.

    Returns
    -------
    float or None
        From 0 to 1; None for fewer than two distinct points, or fewer orders than fill
        `FEWEST_BLOCKS` blocks.

    Examples
    --------
    The same point is the best in every half:

    >>> starts = np.arange(32) * 600 * 10**9
    >>> orders = ParentOrders("buy", 100, 540 * 10**9, starts, starts, starts)
    >>> pbo(np.linspace(1, 2, 32)[:, None] + np.array([0.0, 1.0, 2.0]), orders)
    0.0
    """
    known = np.flatnonzero(np.isfinite(costs).all(axis=1))
    table = _distinct(costs[known])
    by_sums = measure == MEAN
    orders = orders.select(known)
    count = blocks or _count(orders, MOST_BLOCKS if by_sums else _affordable(table.size))
    points = table.shape[1]
    if not count or points < 2:
        return None
    cut = _blocks(orders, count)
    values = _means(table, cut) if by_sums else _measured(table, cut, measure)
    lost = splits = 0
    for half in _first_halves(count, max(1, _CHUNK // points)):
        one, other = (values(chosen) for chosen in (half, ~half))
        for inside, outside in ((one, other), (other, one)):
            lost += int((_ranks_of_best(inside, outside) <= (points + 1) / 2).sum())
            splits += len(inside)
    return lost / splits


def spa(
    costs: FloatArray, default: FloatArray, orders: ParentOrders, seed: int = 0
) -> float | None:
    """P-value of Hansen's test for superior predictive ability, against the default point.

    Hansen, "A test for superior predictive ability", Journal of Business & Economic Statistics
    23(4), 2005: the chance that the best of these points would beat the default by so much if none
    of them were better. The statistic is the highest t of all points' mean savings, or 0;
    points that are worse by more than sqrt(2 log log n) standard errors are taken for worse, which
    gives the consistent p-value. Each resample is studentised by its own standard deviations,
    without which the test rejects too often for few orders.

    What is resampled are orders; where their horizons overlap, means of `HORIZONS_A_UNIT` times as
    many in a row as run at once; from `FEWEST_UNITS` days on, means of days.

    Parameters
    ----------
    costs : float64 ndarray, shape (orders, points)
        Of the orders that chose the point, in bps.
    default : float64 ndarray, shape (orders,)
        Of the default point. Orders with a value that is NaN or infinite, here or there, are left
        out.
    orders : ParentOrders
        In time order.
    seed : int
        Of the resamples.

    Returns
    -------
    float or None
        None where all points cost what the default does, and for fewer than `FEWEST_UNITS`
        observations.
    """
    saved = default[:, None] - costs
    known = np.flatnonzero(np.isfinite(saved).all(axis=1))
    units = _units(saved[known], orders.select(known))
    if units is None:
        return None
    units = units[:, np.abs(units).max(axis=0, initial=0.0) > TIE]
    return _spa_of_units(_distinct(units), seed) if units.size else None


def _spa_of_units(units: FloatArray, seed: int) -> float:
    n = len(units)
    means = units.mean(axis=0)
    centred = units - means
    # A saving that is the same at every order has no error but that of rounding.
    sds = np.maximum(units.std(axis=0, ddof=1), TIE)
    root = math.sqrt(n)
    t = root * means / sds
    null = np.where(t < -math.sqrt(2 * math.log(math.log(n))), means, 0.0)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _RESAMPLES) / n
    highest = np.zeros(_RESAMPLES)
    width = _CHUNK // _RESAMPLES
    for at in range(0, units.shape[1], width):
        some = slice(at, at + width)
        shifts = weights @ centred[:, some]
        variances = weights @ centred[:, some] ** 2 - shifts**2
        own = np.sqrt(np.maximum(variances, 0) * n / (n - 1))
        resampled = root * (shifts + null[some]) / np.maximum(own, _LEAST_SD * sds[some])
        np.maximum(highest, resampled.max(axis=1), out=highest)
    return float((1 + (highest >= max(t.max(), 0.0)).sum()) / (1 + _RESAMPLES))


def _units(values: FloatArray, orders: ParentOrders) -> FloatArray | None:
    """Means of what may be resampled, shape (units, points); None where there are too few."""
    days, day = np.unique(orders.midnights, return_inverse=True)
    if len(days) >= FEWEST_UNITS:
        return _means_by(values, day)
    running = _running(orders)
    length = running if running == 1 else HORIZONS_A_UNIT * running
    count = len(orders) // length
    if count < FEWEST_UNITS:
        return None
    return _means_by(values[: count * length], np.repeat(np.arange(count), length))


def _means_by(values: FloatArray, group: IntArray) -> FloatArray:
    firsts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(firsts, len(group)))
    return np.asarray(np.add.reduceat(values, firsts, axis=0) / sizes[:, None])


def _running(orders: ParentOrders) -> int:
    """How many orders run at once at most, 1 where none overlaps another."""
    begun = np.searchsorted(orders.starts, orders.starts + orders.horizon, "left")
    most: int = max((begun - np.arange(len(orders))).tolist(), default=1)
    return most


def _distinct(costs: FloatArray) -> FloatArray:
    """The different columns, in the order in which they come first."""
    _, firsts = np.unique(np.round(costs / TIE), axis=1, return_index=True)
    return costs[:, np.sort(firsts)]


def distinct(costs: FloatArray) -> int:
    """How many points cost different things at some order that is known of all of them.

    Parameters
    ----------
    costs : float64 ndarray, shape (orders, points)
    """
    return int(_distinct(costs[np.isfinite(costs).all(axis=1)]).shape[1])


def _affordable(size: int) -> int:
    """The most blocks for which a measure of each split is worth its time."""
    for count in range(MOST_BLOCKS, FEWEST_BLOCKS, -2):
        if math.comb(count, count // 2) * (size + _CALL) <= _WORK:
            return count
    return FEWEST_BLOCKS


def _count(orders: ParentOrders, most: int) -> int:
    """How many blocks the orders fill, an even number; 0 where they are too few."""
    count = min(most, len(orders) // (ORDERS_A_BLOCK * _running(orders)) // 2 * 2)
    return count if count >= FEWEST_BLOCKS else 0


def _blocks(orders: ParentOrders, count: int) -> list[IntArray]:
    """Cut the orders into blocks, by index, without those that last into the next one."""
    blocks = np.array_split(np.arange(len(orders)), count)
    starts = [orders.starts[block[0]] for block in blocks[1:]]
    ends = orders.starts + orders.horizon
    cut = [block[ends[block] <= start] for block, start in zip(blocks, starts, strict=False)]
    return [*cut, blocks[-1]]


def _first_halves(blocks: int, most: int) -> Iterator[BoolArray]:
    """Which blocks choose, in each split with the first among them; `most` splits at a time.

    The other splits are their complements. Shape (splits, blocks).
    """
    ways = combinations(range(1, blocks), blocks // 2 - 1)
    while chunk := list(islice(ways, most)):
        half = np.zeros((len(chunk), blocks), dtype=np.bool_)
        half[:, 0] = True
        np.put_along_axis(half, np.array(chunk, dtype=np.int64), values=True, axis=1)
        yield half


def _means(table: FloatArray, blocks: list[IntArray]) -> _Values:
    sums = np.array([table[block].sum(axis=0) for block in blocks])
    sizes = np.array([len(block) for block in blocks], dtype=np.float64)

    def values(half: BoolArray) -> FloatArray:
        counted = half.astype(np.float64)  # products of other types are slow
        means: FloatArray = (counted @ sums) / (counted @ sizes)[:, None]
        return means

    return values


def _measured(table: FloatArray, blocks: list[IntArray], measure: Measure) -> _Values:
    def values(half: BoolArray) -> FloatArray:
        rows = (np.concatenate([blocks[at] for at in np.flatnonzero(which)]) for which in half)
        return np.array([measure.of(table[each]) for each in rows])

    return values


def _ranks_of_best(inside: FloatArray, outside: FloatArray) -> FloatArray:
    """Rank among what is outside of the point that is best inside, N where it is best there too."""
    best = (inside <= inside.min(axis=1, keepdims=True) + TIE).argmax(axis=1)[:, None]
    own = np.take_along_axis(outside, best, axis=1)
    worse = np.count_nonzero(outside > own + TIE, axis=1)
    equal = np.count_nonzero(outside >= own - TIE, axis=1) - worse
    return np.asarray(worse + (equal + 1) / 2)
