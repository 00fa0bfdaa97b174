"""The tape checks itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sor_opt.errors import DataError
from sor_opt.market import BUYER, Quotes, Tape, Trades


def quotes(**changes: object) -> Quotes:
    columns = {
        "ts": [1, 1, 2],
        "venue": [0, 1, 0],
        "bid": [10.0, 10.1, 10.0],
        "bid_size": [100, 100, 100],
        "ask": [10.2, 10.2, 10.2],
        "ask_size": [100, 100, 37.5],
    }
    return Quotes(**(columns | changes))


def test_columns_become_contiguous_arrays_of_one_kind():
    rows = quotes()
    assert (rows.ts.dtype, rows.venue.dtype, rows.bid.dtype) == (np.int64, np.int64, np.float64)
    assert len(rows) == 3


def test_columns_of_different_length_are_refused():
    with pytest.raises(DataError, match="differ in length"):
        quotes(bid=[10.0])


def test_time_that_runs_backwards_is_refused_with_its_row():
    with pytest.raises(DataError, match="row 3: time runs backwards; sort"):
        quotes(ts=[1, 3, 2])


@pytest.mark.parametrize("venue", [-1, 2])
def test_a_venue_index_without_a_name_is_refused(venue):
    with pytest.raises(DataError, match=rf"venue index {venue} is outside 0\.\.1"):
        Tape(("A", "B"), quotes(venue=[0, 1, venue]))


def test_a_venue_name_that_repeats_is_refused():
    with pytest.raises(DataError, match="venue names repeat: A, A"):
        Tape(("A", "A"), quotes())


@pytest.mark.parametrize("column", ["bid", "bid_size", "ask", "ask_size"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_zero_negative_or_missing_number_empties_its_side_alone(column, value):
    broken = getattr(quotes(), column).copy()
    broken[1] = value
    found = quotes(**{column: broken})
    of_bid = column.startswith("bid")
    assert found.bid_shown.tolist() == [True, not of_bid, True]
    assert found.ask_shown.tolist() == [True, of_bid, True]
    assert found.two_sided.tolist() == [True, False, True]
    assert not found.inverted.any()


@pytest.mark.parametrize("bid", [10.2, 10.3])
def test_a_quote_locked_or_crossed_in_itself_shows_neither_side(bid):
    found = quotes(bid=[10.0, bid, 10.0])
    assert found.inverted.tolist() == [False, True, False]
    assert found.bid_shown.tolist() == found.ask_shown.tolist() == [True, False, True]


@pytest.mark.parametrize("size", [0.0, np.nan])
def test_a_side_without_a_size_cannot_invert_a_quote(size):
    found = quotes(bid=[10.0, 10.3, 10.0], bid_size=[100, size, 100])
    assert not found.inverted.any()
    assert found.bid_shown.tolist() == [True, False, True]
    assert found.ask_shown.all()


def test_equal_tapes_have_equal_fingerprints_wherever_they_came_from():
    tape = Tape(("A", "B"), quotes(), source="one")
    assert tape.fingerprint() == Tape(("A", "B"), quotes(), source="two").fingerprint()


def test_any_change_of_the_data_changes_the_fingerprint():
    tape = Tape(("A", "B"), quotes(), Trades([1], [0], [10.1], [5], [BUYER]))
    others = [
        replace(tape, quotes=quotes(ask_size=[100, 100, 37.6])),
        replace(tape, venues=("A", "C")),
        replace(tape, symbol="X"),
        replace(tape, timezone="Asia/Tokyo"),
        replace(tape, trades=None),
        replace(tape, trades=Trades([1], [0], [10.1], [5], [-BUYER])),
    ]
    assert len({tape.fingerprint(), *(other.fingerprint() for other in others)}) == 7
