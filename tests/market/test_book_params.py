"""The rules of the book: their defaults, and what is refused."""

from __future__ import annotations

import math

import pytest

from sor_opt.errors import ConfigError
from sor_opt.market.book import BookParams


def test_the_default_rules():
    assert BookParams() == BookParams(None, 100.0, "price", None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_quote_age": 0}, "max_quote_age must be > 0, got 0s"),
        ({"band": 0.0}, "band must be > 0 basis points, or none, got 0"),
        ({"band": math.inf}, "band must be > 0 basis points, or none, got inf"),
        ({"band": math.nan}, "band must be > 0 basis points, or none, got nan"),
        ({"refill": "never"}, "refill must be one of price, update, every-snapshot, got 'never'"),
        (
            {"refill_memory": -1_000_000_000},
            "the memory of the refill rule price must be > 0, got -1s",
        ),
        (
            {"refill": "update", "refill_memory": 5},
            "only the refill rule price has a memory, not update",
        ),
    ],
)
def test_wrong_rules_are_refused_in_one_line(wrong, message):
    with pytest.raises(ConfigError) as refusal:
        BookParams(**wrong)
    assert str(refusal.value) == message
