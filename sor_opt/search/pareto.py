"""Several measures at once: what is judged by all of them, and the points that none beats."""

from __future__ import annotations

import numpy as np

from sor_opt.market.tape import FloatArray


def front(values: FloatArray) -> list[int]:
    """Find the rows that no other row dominates: is as low everywhere, and lower somewhere.

    Parameters
    ----------
    values : float64 ndarray, shape (points, measures)
        Less is better.

    Returns
    -------
    list of int
        By the first value; of equal rows the first alone.

    Examples
    --------
    >>> front(np.array([[2.0, 1.0], [1.0, 3.0], [2.0, 1.0], [2.0, 3.0]]))
    [1, 0]
    """
    kept = []
    left = np.lexsort(values.T[::-1])  # nothing dominates what stands before it
    while left.size:
        kept.append(int(left[0]))
        left = left[~(values[left[0]] <= values[left]).all(axis=1)]
    return kept
