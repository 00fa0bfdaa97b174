"""What the replays of an order remember of their splits."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.core.ahead.memory import look_up, make_memory, store

PENALTIES = np.array([0.02, 0.005])


@pytest.mark.parametrize("venues", [1, 13, 40])
def test_each_of_some_hundred_questions_is_remembered(venues):
    """They fall into 65536 slots, where two of 200 seldom meet."""
    rng, memory = np.random.default_rng(venues), make_memory(venues)
    questions = [
        (rng.integers(0, 9, venues) / 100, rng.integers(0, 9, venues) * 100.0, due * 100.0)
        for due in range(1, 201)
    ]
    for price, left, due in questions:
        slot, known = look_up(memory, price, left, due, 1.0, PENALTIES)
        assert not known
        store(memory, slot, PENALTIES[0], 0.03, 0.01)
    known = [look_up(memory, *question, 1.0, PENALTIES)[1] for question in questions]
    assert sum(known) >= 198


def test_a_split_is_known_between_its_penalties():
    memory, price, left = make_memory(2), np.array([0.02, 0.03]), np.array([100.0, 200.0])
    slot, _ = look_up(memory, price, left, 300.0, 1.0, PENALTIES)
    store(memory, slot, 0.02, 0.03, 0.01)
    for shortfall, holds in [(0.0199, False), (0.02, True), (0.0299, True), (0.03, False)]:
        penalties = np.array([shortfall, 0.005])
        assert look_up(memory, price, left, 300.0, 1.0, penalties) == (slot, holds)


@pytest.mark.parametrize("change", ["price", "left", "due", "unit", "excess"])
def test_another_question_has_another_answer(change):
    asked = {"price": 0.02, "left": 100.0, "due": 300.0, "unit": 1.0, "excess": 0.005}
    memory, venues = make_memory(2), np.ones(2)

    def known_at(price, left, due, unit, excess):
        penalties = np.array([0.02, excess])
        return look_up(memory, price * venues, left * venues, due, unit, penalties)

    slot, _ = known_at(**asked)
    store(memory, slot, 0.02, 0.03, 0.01)
    assert known_at(**asked) == (slot, True)
    assert not known_at(**{**asked, change: 2 * asked[change]})[1]
