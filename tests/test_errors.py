"""How an error quotes what it was given."""

from __future__ import annotations

import pytest

from sor_opt.errors import quoted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("9:30", "'9:30'"),
        ("a\x1b[31m\u202e", r"'a\x1b[31m\u202e'"),
        ("x" * 80, f"'{'x' * 80}'"),
        ("x" * 81, f"'{'x' * 77}...'"),
        (12.5, "12.5"),
        (["x" * 200], f"['{'x' * 75}..."),
    ],
)
def test_a_quote_is_never_long_and_never_raw(value, shown):
    assert quoted(value) == shown
    assert len(shown) <= 82


def test_what_python_cannot_show_is_named():
    assert quoted(10**5000) == "int that is too large to show"
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert quoted(nested) == "list that is too large to show"
