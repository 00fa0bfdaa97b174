"""R's normal draws, so that examples which were published with a seed can be made again."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sor_opt.market.tape import FloatArray

_WORD = 2.328306437080797e-10
"""R's uniform draws lie half of this inside of 0 and 1."""


def r_normals(seed: int, count: int) -> FloatArray:
    """What ``set.seed(seed); rnorm(count)`` gives in R, by its defaults.

    These are the Mersenne Twister, seeded by a linear congruential generator whose first 50 values
    are thrown away, and the inverse of the normal distribution at uniform draws of 53 bits.
    """
    words = []
    for _ in range(50 + 625):
        seed = (69069 * seed + 1) % 2**32
        words.append(seed)
    twister = np.random.MT19937()
    key = np.array(words[51:], dtype=np.uint32)  # R keeps the position before the state
    twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": 624}}
    uniform = (twister.random_raw(2 * count) / 2**32).clip(_WORD / 2, 1 - _WORD / 2)
    high = np.floor(2**27 * uniform[::2])
    return np.asarray(ndtri((high + uniform[1::2]) / 2**27))
