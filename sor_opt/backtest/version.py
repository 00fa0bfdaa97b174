"""The number of the replay's results: those of two numbers are never held against each other.

Whoever makes a replay of the same orders on the same tape come out otherwise adds a line here, and
the number rises with it. `tests/backtest/test_version.py` fails until that is done.
"""

from __future__ import annotations

CHANGES = (
    "results carry a number",
    "a quote with one good side counts for that side",
    "what rounding leaves of a display, of a share or of an excess is not traded",
    "a band around the mid, refill by price, completion by sweep, unfilled shares at the ask",
)
"""What has changed the results, in words, from number 1 on; a study that is refused quotes them."""

RESULTS = len(CHANGES)
"""The number of the results that this version gives."""
