"""Drawn instances: which ones follows from the seed, and what they hold is what they promise."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from sor_opt.allocators.draws import instances_of, random_instances, snapshot_instances
from sor_opt.market.tape import Quotes, Tape
from sor_opt.models.placement import PlacementModel, violated_assumptions
from sor_opt.models.static import StaticModel


def drawn(count, seed=1, placed=False, outside=False):
    rng = np.random.default_rng(seed)
    instances = random_instances(count, rng)
    model = PlacementModel() if placed else StaticModel()
    return list(instances_of(model, instances, rng, outside))


def numbers(instance):
    """All numbers of an instance, as text to the last bit."""
    venues = [
        (v.bid, v.bid_size, v.ask, v.ask_size, v.fee, v.rebate, v.queue) for v in instance.venues
    ]
    model, risk, outflow = instance.model, instance.risk, instance.outflow
    parts = [venues, instance.order.size, instance.order.side, model.step]
    parts += [*map(float, (risk.lambda_over, risk.lambda_under, risk.theta_queue)), risk.unit]
    if outflow is not None:
        parts += [model.depth, outflow.samples, outflow.family, outflow.mean, outflow.alpha]
        parts += [outflow.scenarios, outflow.seed]
    return repr(parts)


def digest(instances):
    return hashlib.sha256("\n".join(map(numbers, instances)).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("placed", "outside", "expected"),
    [
        (False, False, "fae335d1a8d7e7f0"),
        (True, False, "55e65d2cc5c17144"),
        (True, True, "90f0ed133a189a24"),
    ],
)
def test_a_seed_stands_for_the_same_instances_as_ever(placed, outside, expected):
    """A mismatch is reported by its seed and number."""
    assert digest(drawn(300, 1, placed, outside)) == expected


def test_placements_keep_to_the_assumptions_by_default():
    kept, broken = (drawn(300, 2, placed=True, outside=outside) for outside in (False, True))
    assert not any(violated_assumptions(i.snapshot, i.risk) for i in kept)
    assert any(violated_assumptions(i.snapshot, i.risk) for i in broken)


def test_every_instance_has_a_mid():
    for instance in (*drawn(300, 4), *drawn(300, 4, placed=True)):
        assert None not in instance.best


def test_placements_have_lattices_that_can_be_enumerated():
    for instance in drawn(300, 3, placed=True):
        most = {1: 60, 2: 14, 3: 5, 4: 3}[len(instance.venues)]
        chunks = math.ceil(instance.order.size / instance.model.step)
        assert 1 <= chunks <= most
        assert all(v.ask_size <= most * instance.model.step for v in instance.venues)


def test_a_snapshot_is_every_venues_last_quote_of_the_moment():
    """B's second quote has no bid: from then on A alone shows a market."""
    quotes = Quotes(
        [1, 2, 2, 3],
        [0, 1, 0, 1],
        [10.0, 10.1, 9.9, 0.0],
        [100.0, 200.0, 300.0, 400.0],
        [10.2, 10.3, 10.4, 10.5],
        [150.0, 250.0, 350.0, 450.0],
    )
    tape = Tape(("A", "B"), quotes)
    found = {
        tuple((v.name, v.bid, v.bid_size, v.ask, v.ask_size) for v in instance.venues)
        for instance in snapshot_instances(tape, 60, np.random.default_rng(1))
    }
    first, second = ("A", 10.0, 100.0, 10.2, 150.0), ("A", 9.9, 300.0, 10.4, 350.0)
    other = ("B", 10.1, 200.0, 10.3, 250.0)
    assert found == {(first,), (first, other), (second, other)}
    instance = next(snapshot_instances(tape, 1, np.random.default_rng(1)))
    assert instance.model == StaticModel()
