"""How large a number may be: beyond these bounds it is an error, and sums could overflow."""

from __future__ import annotations

import math

from sor_opt.errors import ConfigError

MAX_PRICE = 1e9
"""Dollars per share, of prices and fees; what feeds write for "no price" lies beyond it."""

MAX_SHARES = 1e12
"""Shares of an order, a display or a chunk."""

MIN_STEP = 1e-6
"""Shares of the smallest chunk, so that chunks can always be counted."""

MAX_PENALTY = 1e6
"""The largest penalty, dollars per share or fraction of the reference price: costs that differ by a
billionth tie, so that beyond it prices would count as equal."""

MIN_LEVEL = 1e-12
"""The smallest penalty that a search looks at."""

MAX_VENUES = 1_000
"""Venues of one book."""

MAX_CELLS = 50_000_000
"""The most rungs x scenarios of a problem, and venues x scenarios of a draw: 400 MB."""


def check_step(step: float) -> None:
    """Refuse a chunk of no use.

    Raises
    ------
    ConfigError
    """
    if not 0 < step < math.inf:
        raise ConfigError(f"step must be > 0, got {step:g}")
    if not MIN_STEP <= step <= MAX_SHARES:
        raise ConfigError(f"step must be {MIN_STEP:g} to {MAX_SHARES:g}, got {step:g}")


def check_size(size: float) -> None:
    """Refuse an order of no use.

    Raises
    ------
    ConfigError
    """
    if not 0 < size < math.inf:
        raise ConfigError(f"size must be > 0, got {size:g}")
    if not size <= MAX_SHARES:
        raise ConfigError(f"size must be at most {MAX_SHARES:g}, got {size:g}")
